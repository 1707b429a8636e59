package runtime_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/valelab/valelab/netmap/module"
	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/topology"
)

// recordedModule has the parameters that a module had which was loaded without any.
func recordedModule(t *testing.T) *module.Params {
	t.Helper()
	text, err := os.ReadFile("../netmap/module/testdata/parameters.txt")
	if err != nil {
		t.Fatal(err)
	}
	dir := fstest.MapFS{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		dir["parameters/"+name] = &fstest.MapFile{Data: []byte(value)}
	}
	params, err := module.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	return params
}

// star is a lab of nodes with so many endpoints on one switch.
func star(t *testing.T, endpoints int) *topology.Plan {
	t.Helper()
	var b strings.Builder
	b.WriteString("name: star\nnetmap: kernel\nswitches: {s: {}}\nnodes:\n")
	for i := range endpoints {
		fmt.Fprintf(&b, "  n%d: {}\n", i)
	}
	b.WriteString("links:\n")
	for i := range endpoints {
		fmt.Fprintf(&b, "  - [n%d:eth1, s]\n", i)
	}
	return compile(t, b.String())
}

func TestFitsModule(t *testing.T) {
	wires := strings.Builder{}
	wires.WriteString("name: wires\nswitches: {s: {}}\nnodes: {a: {}, b: {}}\nlinks:\n")
	for i := range 8 {
		fmt.Fprintf(&wires, "  - [a:eth%d, b:eth%d]\n", i, i)
	}
	for name, c := range map[string]struct {
		plan              *topology.Plan
		others, available int
		errors            []string // text and hint of each
		notes             string
	}{
		"39 endpoints":    {plan: star(t, 39)},
		"40 endpoints":    {plan: star(t, 40), errors: []string{"lab star: 40 links on switches of the netmap module: it has memory for 39, buf_num is 163840", "echo 163842 > /sys/module/netmap/parameters/buf_num"}},
		"others' share":   {plan: star(t, 30), others: 10, errors: []string{"40 links on switches of the netmap module (10 of them of other labs)", "echo 163842"}},
		"252 ports":       {plan: star(t, 252), errors: []string{"252 links", "netmap: user, since the module can't have more than 244"}},
		"a wire too many": {plan: compile(t, wires.String()), errors: []string{"9 switches and wires in a lab", "modprobe netmap max_bridges=9"}},
		// One of everything: three endpoints of nodes, one with an MTU that is too large, a wire, a trunk, an uplink.
		"large frames": {plan: compile(t, labFile), errors: []string{"b:eth1: mtu 9000", "echo 9024 > /sys/module/netmap/parameters/buf_size"}},
		"no memory":    {plan: star(t, 1), available: 300 << 20, errors: []string{"wants 327 MiB", "buf_num"}},
		"memory for the switches only": {plan: star(t, 4), available: 400 << 20,
			notes: "netmap ports of all 4 endpoints together take 161 MiB of kernel memory, 72 MiB are available; hint: fewer slots"},
	} {
		notes, err := runtime.FitsModule(c.plan, recordedModule(t), runtime.Taken{Links: c.others}, c.available)
		if got := strings.Join(notes, "\n"); !strings.Contains(got, c.notes) || (c.notes == "") != (got == "") {
			t.Errorf("%s: notes %q, want %q", name, got, c.notes)
		}
		if c.errors == nil {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		var hinted *runtime.HintError
		if !errors.As(err, &hinted) || !strings.Contains(hinted.Error(), c.errors[0]) || !strings.Contains(hinted.Hint, c.errors[1]) {
			t.Errorf("%s: %v\nwant %q", name, err, c.errors)
		}
	}
}

// Everything that is too much is said at once.
func TestFitsModuleSaysAll(t *testing.T) {
	_, err := runtime.FitsModule(compile(t, strings.Replace(labFile, "[left, right]", "[left, right]\n  - [a:eth3, b:eth3]", 1)), recordedModule(t), runtime.Taken{Links: 35}, 0)
	list, ok := err.(interface{ WrappedErrors() []error })
	if !ok || len(list.WrappedErrors()) != 2 { // the frames, and the links with others' 35
		t.Errorf("%v", err)
	}
}
