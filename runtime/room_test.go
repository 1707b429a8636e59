package runtime_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/runtimetest"
	"github.com/valelab/valelab/topology"
)

// moduleMachine is a machine with netmap's module, loaded without parameters.
func moduleMachine(t *testing.T) *runtimetest.Machine {
	t.Helper()
	m := runtimetest.New("up0")
	m.NetmapModule, m.ModuleParams = true, recordedModule(t)
	return m
}

// refused deploys a plan that must be refused before anything is made, and returns the error and its hints.
func refused(t *testing.T, m *runtimetest.Machine, root string, plan *topology.Plan) (text, hints string) {
	t.Helper()
	before := m.Objects()
	m.Hook = func(_ context.Context, operation string) error {
		for _, making := range []string{"StartAgent", "StartNode", "Put", "TakeUplink"} {
			if strings.HasPrefix(operation, making) {
				t.Errorf("lab %s: %s comes before it is refused", plan.Lab, operation)
			}
		}
		return nil
	}
	_, err := runtime.Deploy(t.Context(), root, plan, runtime.Options{Machine: m})
	m.Hook = nil
	if err == nil {
		t.Fatalf("lab %s was deployed", plan.Lab)
	}
	untouched(t, m, root, before)
	if _, perr := runtime.Preview(t.Context(), root, plan, runtime.Options{Machine: m}); perr == nil || perr.Error() != err.Error() {
		t.Errorf("lab %s: a dry run says %v, a deploy %v", plan.Lab, perr, err)
	}
	list, ok := err.(interface{ WrappedErrors() []error })
	if !ok {
		t.Fatalf("lab %s: %v is not a list", plan.Lab, err)
	}
	for _, e := range list.WrappedErrors() {
		var hinted *runtime.HintError
		if errors.As(e, &hinted) {
			text, hints = text+e.Error()+"\n", hints+hinted.Hint+"\n"
		}
	}
	return text, hints
}

// What the module has no room for is refused before anything is made, with the parameter to set.
func TestModuleRoom(t *testing.T) {
	long := strings.ReplaceAll(backendLab("kernel"), "[a:eth1, s]", "{endpoints: [a:eth1, s], mtu: 9000}")
	wires := "name: wires\nnetmap: kernel\nnodes: {a: {}, b: {}}\nlinks:\n"
	for _, i := range "123456789" {
		wires += "  - [a:eth" + string(i) + ", b:eth" + string(i) + "]\n"
	}
	for name, c := range map[string]struct {
		plan       *topology.Plan
		memory     int
		text, hint string
	}{
		"veths":      {plan: star(t, 40), text: "it has memory for 39, buf_num is 163840", hint: "echo 163842 > /sys/module/netmap/parameters/buf_num"},
		"switches":   {plan: compile(t, wires), text: "9 switches and wires in a lab: the netmap module has room for 8 (max_bridges)", hint: "modprobe netmap max_bridges=9"},
		"ports":      {plan: star(t, 252), text: "252 links on switches", hint: "netmap: user"},
		"long mtu":   {plan: compile(t, long), text: "a:eth1: mtu 9000", hint: "echo 9024 > /sys/module/netmap/parameters/buf_size; echo 9024 > /sys/module/netmap/parameters/priv_buf_size"},
		"the memory": {plan: star(t, 1), memory: 300 << 20, text: "wants 327 MiB of memory", hint: "echo 4098 > /sys/module/netmap/parameters/buf_num"},
	} {
		m, root := moduleMachine(t), tempRoot(t)
		m.ModuleMemory = c.memory
		text, hints := refused(t, m, root, c.plan)
		if !strings.Contains(text, c.text) || !strings.Contains(hints, c.hint) {
			t.Errorf("%s: %s%s\nwant %q, %q", name, text, hints, c.text, c.hint)
		}
	}
}

// Labs share the module's memory, and one that grows beyond it stays as it is.
func TestModuleRoomIsShared(t *testing.T) {
	m, root := moduleMachine(t), tempRoot(t)
	deploy(t, m, root, star(t, 30))
	other := compile(t, strings.Replace(backendLab("kernel"), "name: all", "name: other", 1))
	deploy(t, m, root, other)
	big := star(t, 39)
	before := m.State(labDir(t, root, "star"))
	_, err := runtime.Deploy(t.Context(), root, big, runtime.Options{Machine: m})
	if err == nil || !strings.Contains(err.Error(), "40 links on switches of the netmap module (1 of them of other labs)") {
		t.Errorf("error %v", err)
	}
	if after := m.State(labDir(t, root, "star")); strings.Join(after, "\n") != strings.Join(before, "\n") {
		t.Errorf("the lab is another:\n%q\n%q", before, after)
	}
	deploy(t, m, root, star(t, 38))
}

// Each interface of the machine takes a switch in the machine's namespace, which all labs share.
func TestModuleRoomOfUplinks(t *testing.T) {
	var names []string
	text := backendLab("kernel")
	for _, digit := range "01234567" {
		names = append(names, "up"+string(digit))
		text += "  - [s, host:up" + string(digit) + "]\n"
	}
	m, root := runtimetest.New(append(names, "up8")...), tempRoot(t)
	m.NetmapModule, m.ModuleParams = true, recordedModule(t)
	deploy(t, m, root, compile(t, text))
	one := "name: one\nnetmap: kernel\nswitches: {s: {}}\nnodes: {a: {}}\nlinks:\n  - [s, host:up8]\n"
	before := m.Objects()
	_, err := runtime.Deploy(t.Context(), root, compile(t, one), runtime.Options{Machine: m})
	var hinted *runtime.HintError
	if !errors.As(err, &hinted) || !strings.Contains(err.Error(), "9 switches for interfaces of this machine, all labs together") ||
		!strings.Contains(hinted.Hint, "modprobe netmap max_bridges=9") {
		t.Errorf("error %v", err)
	}
	if after := m.Objects(); strings.Join(after, "\n") != strings.Join(before, "\n") {
		t.Errorf("%q were there, and are now %q", before, after)
	}
	if _, err := runtime.Destroy(t.Context(), root, "all", runtime.Options{Machine: m}); err != nil {
		t.Fatal(err)
	}
	deploy(t, m, root, compile(t, one))
}

// An auto that the module has no room for has the user-space switch, and the user is told why.
func TestModuleRoomOfAuto(t *testing.T) {
	m, root := moduleMachine(t), tempRoot(t)
	plan := *star(t, 40)
	plan.Netmap = topology.NetmapAuto
	report := deploy(t, m, root, &plan)
	if len(report.Notes) != 1 || !strings.Contains(report.Notes[0], "the lab has the user-space switch: lab star: 40 links") {
		t.Errorf("notes %q", report.Notes)
	}
}

// moduleFolder is a module's folder with parameters that can be written.
func moduleFolder(t *testing.T, holders ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, sub := range []string{"parameters", "holders"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{"generic_mit": "100000\n", "admode": "0\n"} {
		if err := os.WriteFile(filepath.Join(dir, "parameters", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range holders {
		if err := os.WriteFile(filepath.Join(dir, "holders", name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// A deploy sets the parameters without which sockets get nothing or the kernel complains, and says so once.
func TestPrepareModule(t *testing.T) {
	for name, c := range map[string]struct {
		holders     []string
		admode      string
		note, never string
	}{
		"the kernel's own veth": {nil, "0\n", "generic_mit is 0 now; it was 100000", "admode"},
		"a patched veth":        {[]string{"veth"}, "2", "admode is 2 now; it was 0, since the veth driver was patched", "no such"},
		"another patched one":   {[]string{"e1000"}, "0\n", "generic_mit", "admode"},
	} {
		dir := moduleFolder(t, c.holders...)
		note, err := runtime.PrepareModule(dir)
		if err != nil || !strings.Contains(note, c.note) || strings.Contains(note, c.never) {
			t.Errorf("%s: %q, %v", name, note, err)
		}
		for param, want := range map[string]string{"generic_mit": "0", "admode": c.admode} {
			if got, err := os.ReadFile(filepath.Join(dir, "parameters", param)); err != nil || string(got) != want {
				t.Errorf("%s: %s is %q, want %q, %v", name, param, got, want, err)
			}
		}
		if note, err := runtime.PrepareModule(dir); note != "" || err != nil {
			t.Errorf("%s: again: %q, %v", name, note, err)
		}
	}
	if note, err := runtime.PrepareModule(t.TempDir()); note != "" || err != nil {
		t.Errorf("without a module: %q, %v", note, err)
	}
}
