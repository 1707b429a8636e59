package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/runtimetest"
	"github.com/valelab/valelab/topology"
)

// edits are the ways to change labFile, and the nodes that keep their process.
var edits = []struct {
	name   string
	edit   func(text string) string
	keeps  string // nodes, each one letter
	checks string // a change that the preview must tell of: "ACTION STEP WHY"
}{
	{"mtu", replace("mtu: 9000", "mtu: 1400"), "ab", "change endpoint/b:eth1 mtu 9000 to 1400"},
	{"address", replace("10.0.0.2/24", "10.0.0.3/24"), "ab", "change endpoint/b:eth1 ipv4 10.0.0.2/24 to 10.0.0.3/24"},
	{"no address", replace("    ipv6: fd00::1/64\n", ""), "ab", "change endpoint/a:eth1 ipv6 fd00::1/64 to none"},
	{"mac", replace("mtu: 9000", "mtu: 9000\n    mac: 02:00:00:00:00:77"), "ab", ""},
	{"rings", replace("mtu: 9000", "mtu: 9000\n    rings: 2\n    slots: 64"), "ab", "change endpoint/b:eth1 rings 1 to 2, slots 1024 to 64"},
	{"move", replace("[b:eth1, right]", "[b:eth1, left]"), "ab", "change endpoint/b:eth1 from switch right to left"},
	{"unlink", replace("  - [a:eth2, b:eth2]\n", ""), "ab", "remove endpoint/a:eth2 the lab no longer has it"},
	{"rewire", replace("[a:eth2, b:eth2]", "[a:eth2, b:eth3]"), "ab", ""},
	{"wire to switch", replace("  - [a:eth2, b:eth2]\n", "  - [a:eth2, left]\n  - [b:eth2, left]\n"), "ab", ""},
	{"trunk", replace("  - [left, right]\n", ""), "ab", "remove trunk/left--right the lab no longer has it"},
	{"switch", replace("  right: {}", "  right: {}\n  more: {}", "[left, right]", "[left, more]"), "ab", "make switch/more the agent does not have it"},
	{"no switch", replace("  right: {}\n", "", "[b:eth1, right]", "[b:eth1, left]", "  - [left, right]\n", "", "[right, host:up0]", "[left, host:up0]"),
		"ab", "change uplink/up0 from switch right to left"},
	{"keep", replace("    host: take\n", ""), "ab", "change uplink/up0 host take to keep"},
	{"no uplink", replace("  - endpoints: [right, host:up0]\n    host: take\n", ""), "ab", "remove uplink/up0 the lab no longer has it"},
	{"other uplink", replace("host:up0", "host:up1"), "ab", ""},
	{"more nodes", replace("  b: {", "  c: {cmd: sleep infinity}\n  b: {", "  - [left, right]\n", "  - [left, right]\n  - [c:eth1, left]\n  - [c:eth2, a:eth3]\n"),
		"ab", "make node/c it does not run"},
	{"fewer nodes", replace("  a: {cmd: sleep infinity}\n", "", "  - endpoints: [a:eth1, left]\n    ipv4: 10.0.0.1/24\n    ipv6: fd00::1/64\n", "", "  - [a:eth2, b:eth2]\n", ""),
		"b", "remove node/a the lab no longer has it"},
	{"vale", replace("a: {cmd: sleep infinity", "a: {vale: [left], cmd: sleep infinity"), "ab", "make access/a:left the agent does not have it"},
	{"limits", replace("a: {cmd: sleep infinity", "a: {cmd: sleep infinity, memory: 64mb, cpu: 0.5, labels: {x: y}"), "ab",
		"change node/a cpu, labels and memory are others"},
	{"command", replace("a: {cmd: sleep infinity", "a: {cmd: sleep 1000"), "b", "make node/a cmd is another: it is recreated"},
	{"all at once", replace("a: {cmd: sleep infinity", "a: {vale: [right], env: {X: y}, cmd: sleep infinity", "mtu: 9000", "mtu: 1400",
		"[a:eth1, left]", "[a:eth1, right]", "[a:eth2, b:eth2]", "[a:eth2, c:eth2]", "  b: {", "  c: {}\n  b: {", "host: take", "host: keep"), "b", "make access/a:right its node is recreated"},
}

// replace returns an edit that replaces each odd string by the next one.
func replace(pairs ...string) func(string) string {
	return func(text string) string {
		for i := 0; i < len(pairs); i += 2 {
			if !strings.Contains(text, pairs[i]) {
				panic(fmt.Sprintf("the lab has no %q", pairs[i]))
			}
			text = strings.Replace(text, pairs[i], pairs[i+1], 1)
		}
		return text
	}
}

// eachChange calls test with the plans before and after each edit, in both
// directions.
func eachChange(t *testing.T, test func(t *testing.T, from, to *topology.Plan, keeps string)) {
	for _, e := range edits {
		before, after := compile(t, labFile), compile(t, e.edit(labFile))
		t.Run(e.name, func(t *testing.T) { test(t, before, after, e.keeps) })
		t.Run(e.name+" back", func(t *testing.T) { test(t, after, before, e.keeps) })
	}
}

// stride is the distance between the operations that a test tries: every one
// of an edit, and some on the way back.
func stride(t *testing.T) int64 {
	if strings.HasSuffix(t.Name(), "_back") {
		return 3
	}
	return 1
}

// ideal returns what a machine is like on which only the plan was deployed.
func ideal(t *testing.T, plan *topology.Plan) []string {
	t.Helper()
	m, root := runtimetest.New("up0", "up1"), tempRoot(t)
	deploy(t, m, root, plan)
	return m.State(labDir(t, root, plan.Lab))
}

// sameState fails the test unless the lab is as it should be.
func sameState(t *testing.T, m *runtimetest.Machine, root string, want []string) {
	t.Helper()
	got := m.State(labDir(t, root, "all"))
	if slices.Equal(got, want) {
		return
	}
	for _, line := range got {
		if !slices.Contains(want, line) {
			t.Errorf("there is %s", line)
		}
	}
	for _, line := range want {
		if !slices.Contains(got, line) {
			t.Errorf("there is no %s", line)
		}
	}
}

func TestDeployChanges(t *testing.T) {
	eachChange(t, func(t *testing.T, from, to *topology.Plan, keeps string) {
		m, root := runtimetest.New("up0", "up1"), tempRoot(t)
		before := m.Objects()
		deploy(t, m, root, from)
		dir := labDir(t, root, "all")
		inits := map[rune]any{}
		for _, node := range keeps {
			inits[node] = m.Init(dir, string(node))
		}
		outlook, err := runtime.Preview(t.Context(), root, to, runtime.Options{Machine: m})
		if err != nil {
			t.Fatal(err)
		}
		report := deploy(t, m, root, to)
		if report.Changed == 0 || report.Changed != len(outlook.Changes) {
			t.Errorf("changed %d, and the preview says %d", report.Changed, len(outlook.Changes))
		}
		sameState(t, m, root, ideal(t, to))
		for node, init := range inits {
			if m.Init(dir, string(node)) != init {
				t.Errorf("node %c was not left alone", node)
			}
		}
		if report := deploy(t, m, root, to); report.Changed != 0 {
			t.Errorf("deploying again changed %d", report.Changed)
		}
		if _, err := os.Stat(dir.Next()); !os.IsNotExist(err) {
			t.Errorf("%s is left", dir.Next())
		}
		destroy(t, m, root, "all")
		untouched(t, m, root, before)
	})
}

func TestPreviewTellsChanges(t *testing.T) {
	for _, e := range edits {
		m, root := runtimetest.New("up0", "up1"), tempRoot(t)
		deploy(t, m, root, compile(t, labFile))
		o, err := runtime.Preview(t.Context(), root, compile(t, e.edit(labFile)), runtime.Options{Machine: m})
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, c := range o.Changes {
			all = append(all, c.Action+" "+c.Step+" "+c.Why)
		}
		if e.checks != "" && !slices.Contains(all, e.checks) {
			t.Errorf("%s: changes %q, want %q among them", e.name, all, e.checks)
		}
		for _, n := range o.Touched {
			recreated := slices.ContainsFunc(n.How, func(how string) bool { return strings.HasPrefix(how, "recreated") || how == "removed" })
			if kept := strings.Contains(e.keeps, n.Node); kept == recreated && n.Node != "c" {
				t.Errorf("%s: node %s is touched: %q", e.name, n.Node, n.How)
			}
		}
		for _, node := range []string{"a", "b"} {
			named := slices.ContainsFunc(o.Touched, func(n runtime.Touched) bool { return n.Node == node })
			if !strings.Contains(e.keeps, node) && !named {
				t.Errorf("%s: node %s is not said to be touched: %+v", e.name, node, o.Touched)
			}
		}
	}
}

// changeOperations counts what a changing deploy asks of the machine; the
// first ones only look.
func changeOperations(t *testing.T, from, to *topology.Plan) (looks, all int64) {
	t.Helper()
	m, root := runtimetest.New("up0", "up1"), tempRoot(t)
	deploy(t, m, root, from)
	var n atomic.Int64
	m.Hook = func(_ context.Context, operation string) error {
		if n.Add(1); operation == "Sweep " {
			looks = n.Load()
		}
		return nil
	}
	deploy(t, m, root, to)
	return looks, n.Load()
}

// Whichever operation of a changing deploy fails, the lab is as before.
func TestChangeFailsAnywhere(t *testing.T) {
	fault := errors.New("machine on fire")
	eachChange(t, func(t *testing.T, from, to *topology.Plan, _ string) {
		want, wantNext := ideal(t, from), ideal(t, to)
		_, all := changeOperations(t, from, to)
		for fails := int64(0); fails < all; fails += stride(t) {
			m, root := runtimetest.New("up0", "up1"), tempRoot(t)
			deploy(t, m, root, from)
			var n atomic.Int64
			failed := ""
			m.Hook = func(_ context.Context, operation string) error {
				if n.Add(1) == fails+1 {
					failed = operation
					return fmt.Errorf("%s: %w", operation, fault)
				}
				return nil
			}
			_, err := runtime.Deploy(t.Context(), root, to, runtime.Options{Machine: m})
			if strings.HasPrefix(failed, "Version") && err == nil {
				continue // asked again
			}
			if !errors.Is(err, fault) {
				t.Fatalf("%s fails: error %v", failed, err)
			}
			m.Hook = nil
			sameState(t, m, root, want)
			if t.Failed() {
				t.Fatalf("after the failure of %s: %v", failed, err)
			}
			deploy(t, m, root, to)
			sameState(t, m, root, wantNext)
		}
	})
}

// Whenever a changing deploy is interrupted, the lab is as before, unless all
// was done.
func TestChangeInterruptedAnywhere(t *testing.T) {
	eachChange(t, func(t *testing.T, from, to *topology.Plan, _ string) {
		before, after := ideal(t, from), ideal(t, to)
		_, all := changeOperations(t, from, to)
		for stops := int64(0); stops < all; stops += stride(t) {
			m, root := runtimetest.New("up0", "up1"), tempRoot(t)
			deploy(t, m, root, from)
			ctx, cancel := context.WithCancel(t.Context())
			var n atomic.Int64
			m.Hook = func(context.Context, string) error {
				if n.Add(1) == stops+1 {
					cancel()
				}
				return nil
			}
			_, err := runtime.Deploy(ctx, root, to, runtime.Options{Machine: m})
			want := before
			if err == nil {
				want = after
			} else if !errors.Is(err, context.Canceled) {
				t.Fatalf("operation %d: error %v", stops, err)
			}
			sameState(t, m, root, want)
			if t.Failed() {
				t.Fatalf("operation %d: error %v", stops, err)
			}
			cancel()
		}
	})
}

// From some operation of a changing deploy on nothing works any more, as if it
// were killed there. A deploy of the old plan, of the new one, or of a third
// makes the lab what that plan says, or destroy removes it.
func TestChangeKilledAnywhere(t *testing.T) {
	third := compile(t, edits[len(edits)-1].edit(labFile))
	eachChange(t, func(t *testing.T, from, to *topology.Plan, _ string) {
		nexts := []*topology.Plan{from, to, third, nil}
		wants := [][]string{ideal(t, from), ideal(t, to), ideal(t, third)}
		looks, all := changeOperations(t, from, to)
		for dies := looks; dies < all; dies += stride(t) {
			m, root := runtimetest.New("up0", "up1"), tempRoot(t)
			before := m.Objects()
			deploy(t, m, root, from)
			var n atomic.Int64
			m.Hook = func(context.Context, string) error {
				if n.Add(1) > dies {
					return errors.New("killed")
				}
				return nil
			}
			_, err := runtime.Deploy(t.Context(), root, to, runtime.Options{Machine: m})
			if err == nil {
				t.Fatalf("operation %d: no error", dies)
			}
			m.Hook = nil
			if next := int(dies) % len(nexts); nexts[next] != nil {
				deploy(t, m, root, nexts[next])
				sameState(t, m, root, wants[next])
			}
			destroy(t, m, root, "all")
			untouched(t, m, root, before)
			if t.Failed() {
				t.Fatalf("operation %d", dies)
			}
		}
	})
}
