package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/valelab/valelab/netmap/conformance"
	"github.com/valelab/valelab/netmap/conformance/machine/internal/report"
)

// conformance holds the module to the suite, with a network device that it may take. The module passes every case.
func (w *worker) conformance() {
	if w.order.Suite == "" {
		return
	}
	fail := func(name, text string) {
		w.tell(report.Result{Part: report.PartConformance, Name: name, Backend: "kernel", Text: text})
	}
	// As in a lab of the user-space switch, neither kernel sends anything of its own accord.
	for _, file := range []string{"all", "default"} {
		_ = os.WriteFile("/proc/sys/net/ipv6/conf/"+file+"/disable_ipv6", []byte("1"), 0) // a kernel without IPv6 has none
	}
	pair := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "suite0"}, PeerName: "suite1"}
	if err := netlink.LinkAdd(pair); err != nil {
		fail("a pair of devices", err.Error())
		return
	}
	defer func() {
		if err := netlink.LinkDel(pair); err != nil {
			fail("a pair of devices", err.Error())
		}
	}()
	for _, name := range []string{"suite0", "suite1"} {
		if err := netlink.LinkSetUp(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: name}}); err != nil {
			fail("a pair of devices", err.Error())
			return
		}
	}
	out := run("/", 0, nil, w.order.Suite, "-b", "kernel", "-e", "suite0", "-t", "60")
	results, err := conformance.Parse(out.text)
	if err != nil {
		fail("the whole suite", fmt.Sprintf("%v\n%v", err, out.err))
	}
	for _, r := range results {
		if !r.Skipped {
			w.tell(report.Result{Part: report.PartConformance, Name: r.Case, Backend: "kernel", OK: r.Passed, Text: r.Notes})
		}
	}
}

// packages runs the tests of each package that has any for the module.
func (w *worker) packages() {
	for _, p := range w.order.Tests {
		out := run(p.Dir, 0, nil, p.Program, "-test.v", "-test.run", w.order.Run)
		w.tellTests(out, report.PartTests, "", func(test string) string { return p.Package + " " + test })
	}
}

// labs deploys every lab with both backends. Its result is the test's, which takes the lab down and looks for what
// is left of it.
func (w *worker) labs() {
	if w.order.Labs == "" || w.order.NoLabs {
		return
	}
	for _, backend := range []string{"user", "kernel"} {
		out := run(w.order.LabsDir, 0, nil, w.order.Labs, "-test.v", "-test.run", "^TestRootLab", "-netmap", backend)
		w.tellTests(out, report.PartLabs, backend, func(test string) string {
			return strings.ToLower(strings.TrimPrefix(test, "TestRootLab"))
		})
	}
}

// chaos does random things to a lab with the module's switches.
func (w *worker) chaos() {
	if w.order.ChaosOperations == 0 {
		return
	}
	env := []string{
		fmt.Sprintf("VALELAB_CHAOS_OPERATIONS=%d", w.order.ChaosOperations),
		fmt.Sprintf("VALELAB_CHAOS_SEED=%d", w.order.ChaosSeed),
	}
	out := run(w.order.LabsDir, 20*time.Minute, env, w.order.Labs, "-test.v", "-test.run", "^TestRootChaos$", "-netmap", "kernel")
	w.tellTests(out, report.PartChaos, "kernel", func(test string) string { return test })
}

// tellTests tells what a test program printed. One that ran no test has failed.
func (w *worker) tellTests(out outcome, part, backend string, name func(string) string) {
	tests := report.ParseTests(out.text)
	failed := 0
	for _, t := range tests {
		if !t.Passed {
			failed++
		}
		w.tell(report.Result{Part: part, Name: name(t.Name), Backend: backend, OK: t.Passed, Seconds: t.Seconds, Text: t.Output})
	}
	if len(tests) == 0 || out.err != nil && failed == 0 {
		w.tell(report.Result{Part: part, Name: name("the test program"), Backend: backend, Text: fmt.Sprintf("%v\n%s", out.err, out.text)})
	}
}

// unload takes the module away, which works only if nothing of a lab holds on to it.
func (w *worker) unload() {
	var text strings.Builder
	links, err := netlink.LinkList()
	if err != nil {
		fmt.Fprintln(&text, err)
	}
	for _, l := range links {
		if l.Attrs().Name != "lo" {
			fmt.Fprintf(&text, "a network device is left: %s (%s)\n", l.Attrs().Name, l.Type())
		}
	}
	if err := unloadModule("netmap"); err != nil {
		count, _ := os.ReadFile("/sys/module/netmap/refcnt")
		fmt.Fprintf(&text, "unload netmap: %v; its use count is %s", err, count)
		for _, user := range usersOf("/dev/netmap") {
			fmt.Fprintf(&text, "it is open: %s\n", user)
		}
	}
	w.tell(report.Result{Part: report.PartUnload, Name: "netmap", OK: text.Len() == 0, Text: text.String()})
}

// usersOf lists the processes that have the file open.
func usersOf(path string) []string {
	var users []string
	fds, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, fd := range fds {
		if target, err := os.Readlink(fd); err == nil && target == path {
			process := filepath.Dir(filepath.Dir(fd))
			line, _ := os.ReadFile(process + "/cmdline")
			users = append(users, process+" "+strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return users
}
