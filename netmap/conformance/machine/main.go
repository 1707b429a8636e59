package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/valelab/valelab/netmap/conformance/machine/internal/report"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "make test-kernel:", err)
		os.Exit(1)
	}
}

// options are what the command line says.
type options struct {
	netmap, kernel, modules string
	busybox                 string
	parts                   string
	memory, cpus            int
	patience                time.Duration // without a result
	operations              int
	seed                    uint64
	run                     *regexp.Regexp // names of tests
	console                 string
}

// explanation is what the target says of itself where it can't run.
const explanation = `the tests of the kernel backend need a kernel and the netmap module:

  make test-kernel NETMAP_KO=/path/netmap.ko KERNEL=/boot/vmlinuz-VERSION MODULES=/lib/modules/VERSION

NETMAP_KO is the module, which you build on your own from netmap's public repository for this kernel; KERNEL a kernel
of a distribution; MODULES the folder with its modules, of which veth, tun and a few more are taken. They run in an
emulated machine (qemu-system-x86_64, no KVM), never in this one. busybox must be there, static, for the labs' commands.
`

func run(ctx context.Context, args []string, out io.Writer) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	labs, err := processLabs("labs")
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "valelab-machine-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	begin := time.Now()
	order, archive, err := build(ctx, dir, o)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "built in %.0f s; seed of the random operations: %d\n", time.Since(begin).Seconds(), order.ChaosSeed)

	var results []report.Result
	booted := time.Now()
	console, err := boot(ctx, dir, archive, o, func(r report.Result) {
		results = append(results, r)
		if line := progress(r); line != "" {
			fmt.Fprintln(out, line)
		}
	})
	fmt.Fprintf(out, "\nran %.0f s\n", time.Since(booted).Seconds())
	if o.console != "" {
		err = errors.Join(err, os.WriteFile(o.console, console, 0o644))
	}
	if order.Labs == "" || order.NoLabs {
		labs = nil
	}
	failures := report.Summary(out, results, labs)
	if !slices.ContainsFunc(results, func(r report.Result) bool { return r.Part == report.PartEnd }) {
		fmt.Fprintf(out, "the console's last lines:\n%s", lastLines(console, 60))
	}
	if err == nil && failures > 0 {
		err = fmt.Errorf("%d failures", failures)
	}
	return err
}

func parse(args []string) (options, error) {
	var o options
	fs := flag.NewFlagSet("machine", flag.ContinueOnError)
	fs.StringVar(&o.netmap, "netmap", "", "the netmap module")
	fs.StringVar(&o.kernel, "kernel", "", "the kernel")
	fs.StringVar(&o.modules, "modules", "", "the folder of the kernel's modules")
	fs.StringVar(&o.parts, "parts", "conformance,tests,labs,chaos", "what to run")
	fs.IntVar(&o.memory, "memory", 4096, "memory of the machine, in MiB")
	fs.IntVar(&o.cpus, "cpus", 2, "its processors")
	fs.DurationVar(&o.patience, "patience", 25*time.Minute, "how long to wait for the next result")
	fs.IntVar(&o.operations, "operations", 30, "random operations on a lab")
	fs.Uint64Var(&o.seed, "seed", uint64(rand.Uint32()), "of the random operations")
	run := fs.String("run", "^TestKernel", "of the part tests, only those whose names match this `REGEXP`")
	fs.StringVar(&o.console, "console", "", "write the console's text into a file")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	var err error
	if o.run, err = regexp.Compile(*run); err != nil {
		return o, fmt.Errorf("-run: %w", err)
	}
	if o.netmap == "" || o.kernel == "" || o.modules == "" {
		return o, fmt.Errorf("NETMAP_KO, KERNEL and MODULES are not all given\n\n%s", explanation)
	}
	for _, path := range []string{o.netmap, o.kernel, filepath.Join(o.modules, "modules.dep")} {
		if _, err := os.Stat(path); err != nil {
			return o, fmt.Errorf("%w\n\n%s", err, explanation)
		}
	}
	if _, err := exec.LookPath(emulator); err != nil {
		return o, fmt.Errorf("%w\nhint: apt-get install qemu-system-x86", err)
	}
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		return o, fmt.Errorf("%w\nhint: apt-get install busybox-static", err)
	}
	o.busybox = busybox
	return o, nil
}

// wants says whether a part is to run.
func (o options) wants(part string) bool { return slices.Contains(strings.Split(o.parts, ","), part) }

// progress is what is shown of a result at once, "" for a case of the suite that is good: there are hundreds.
func progress(r report.Result) string {
	if r.Part == report.PartEnd || r.Part == report.PartConformance && r.OK {
		return ""
	}
	word, text := "ok  ", ""
	if r.Part == report.PartModules {
		text = "\n" + r.Text
	}
	if !r.OK {
		word, text = "FAIL", "\n"+r.Text
	}
	line := fmt.Sprintf("%s %-11s %s", word, r.Part, r.Name)
	if r.Backend != "" && r.Part != report.PartConformance {
		line += ", netmap: " + r.Backend
	}
	if r.Seconds > 0 {
		line += fmt.Sprintf(" (%.1f s)", r.Seconds)
	}
	return line + strings.TrimRight(strings.ReplaceAll(text, "\n", "\n     "), " \n")
}

func lastLines(text []byte, n int) string {
	lines := strings.SplitAfter(strings.ReplaceAll(string(text), "\r", ""), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "")
}

// processLabs are the labs of a folder that have process nodes only.
func processLabs(dir string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.yml"))
	if err != nil || len(files) == 0 {
		return nil, errors.Join(err, fmt.Errorf("no labs in %s: this runs in valelab's own folder", dir))
	}
	var labs []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		if !strings.Contains(string(text), "image:") {
			labs = append(labs, strings.TrimSuffix(filepath.Base(file), ".yml"))
		}
	}
	return labs, nil
}
