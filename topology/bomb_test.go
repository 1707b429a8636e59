package topology

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Depths of nesting. What the YAML package takes to read one grows with its
// square, until it refuses to go on.
const (
	deep        = 2500
	beyondDepth = 10_001
)

// bombs are small or middling inputs that ask for a lot.
func bombs() map[string]string {
	repeat := strings.Repeat
	aliases := "name: b\nnodes:\n  n0:\n    env: &a0 {K: v}\n"
	for i := 1; i < 8; i++ {
		aliases += fmt.Sprintf("  n%d:\n    env: &a%d\n      <<: [%s*a%d]\n", i, i, repeat(fmt.Sprintf("*a%d, ", i-1), 50), i-1)
	}
	lists := "name: b\nx0: &x0 [lol, lol, lol]\n"
	for i := 1; i < 20; i++ {
		lists += fmt.Sprintf("x%d: &x%d [%s*x%d]\n", i, i, repeat(fmt.Sprintf("*x%d, ", i-1), 9), i-1)
	}
	var env, nodes, trunks strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&env, "      V%d: %d\n", i, i)
		fmt.Fprintf(&nodes, "  n%d:\n", i)
		fmt.Fprintf(&trunks, "  - [n%d, n%d]\n", i, i+1)
	}
	unknown := "name: b\nnodes:\n" + nodes.String() + "links:\n" + repeat("  - [x999:eth1, lfet]\n", 5000)
	return map[string]string{
		"many nodes, unknown ones": unknown,
		"many trunks":              "name: b\nswitches:\n" + nodes.String() + "  n5000:\nnodes: {gen: {}}\nlinks:\n" + trunks.String(),
		"many nodes":               "name: b\nnodes:\n" + nodes.String(),
		"aliases in merges":        aliases,
		"aliases in lists":         lists,
		"alias of itself":          "name: b\nnodes:\n  gen: &g\n    <<: *g\n    env: *g\n",
		"list of itself":           "name: b\nnodes: {gen: {}}\nlinks: &l [*l, *l]\n",
		"merge of itself":          "&a\n<<: [*a, *a, *a]\n",
		"large variable":           "name: b\nnodes:\n  gen:\n    cmd: " + repeat("${BIG}", 1000) + "\n",
		"large variable, often":    "name: b\nnodes:\n  gen:\n    env:\n" + strings.ReplaceAll(env.String(), ": ", ": ${BIG}"),
		"nested defaults":          "name: b\nnodes:\n  gen:\n    cmd: " + repeat("${U:=", 12500) + repeat("}", 12500) + "\n",
		"defaults times nodes":     "name: b\ndefaults:\n  env:\n" + env.String() + "nodes:\n" + nodes.String(),
		"deep flow lists":          repeat("[", beyondDepth),
		"deep flow maps":           repeat("{a: ", deep),
		"deep merges":              "name: b\nnodes:\n  gen: " + repeat("{<<: ", 5000) + "{}" + repeat("}", 5000) + "\n",
		"deep block lists":         repeat("- ", deep),
		"deep indentation":         deepIndentation(900),
		"many faults":              "name: b\nnodes:\n  gen:\n    env:\n" + repeat("      - x\n", 1000) + "links:\n" + repeat("  - [gne:eth1, lfet]\n", 5000),
		"many duplicate keys":      "name: b\nnodes:\n" + repeat("  gen:\n", 10000),
		"many unknown keys":        "name: b\n" + strings.ReplaceAll(nodes.String(), "  n", "n"),
		"many comments":            "name: b\n" + repeat("#\n", 100000) + "nodes: {gen: {}}\n",
		"many comments, indented":  "name: b\nnodes:\n" + repeat("  # c\n  n:\n", 10000),
		"many scalars":             "name: b\nnodes: {gen: {cmd: [" + repeat("a,", 40000) + "a]}}\n",
		"many anchors":             "name: b\nnodes: {gen: {cmd: [" + repeat("&a a,", 20000) + "a]}}\n",
		"many documents":           repeat("---\n", 50000),
		"many tokens before colon": repeat("? ", deep),
		"many quotes":              repeat("\"a\" ", 50000),
		"tags":                     repeat("!!str ", 25000),
		"far too large":            repeat("a", 2<<20),
	}
}

func deepIndentation(depth int) string {
	var b strings.Builder
	for i := range depth {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

// bombEnv has a variable that is as large as the kernel lets one be, and more.
func bombEnv() Env {
	env := testEnv()
	lookup, big := env.Lookup, strings.Repeat("x", 1<<20)
	env.Lookup = func(name string) (string, bool) {
		if name == "BIG" {
			return big, true
		}
		return lookup(name)
	}
	return env
}

// tooMuch are the bombs of which just that is to be reported, and once.
var tooMuch = map[string]bool{
	"aliases in merges": true, "defaults times nodes": true, "large variable, often": true,
}

// TestBombs bounds what any input takes: everything that is allocated, freed or not,
// and the time.
func TestBombs(t *testing.T) {
	const (
		maxAlloc = 256 << 20
		maxTime  = 30 * time.Second
	)
	env := bombEnv()
	for name, text := range bombs() {
		t.Run(name, func(t *testing.T) {
			data := []byte(text)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			begin := time.Now()
			lab, err := Parse("bomb.yml", data, env)
			if err == nil {
				lab.Compile()
			}
			took := time.Since(begin)
			runtime.ReadMemStats(&after)

			alloc := after.TotalAlloc - before.TotalAlloc
			t.Logf("%v, %d MiB allocated", took, alloc>>20)
			if alloc > maxAlloc || took > maxTime {
				t.Errorf("took %v and allocated %d MiB", took, alloc>>20)
			}
			if (lab == nil) == (err == nil) {
				t.Errorf("got lab %v and error %v", lab, err)
			}
			if err == nil {
				if tooMuch[name] {
					t.Error("no fault")
				}
				return
			}
			faults := faultsOf(t, err)
			if len(faults) > maxFaults+1 {
				t.Errorf("got %d faults", len(faults))
			}
			if tooMuch[name] && (len(faults) != 1 || !strings.Contains(faults[0].Message, "expands to more than 16 MiB")) {
				t.Errorf("want one fault, that it expands to too much; got\n%s", faultText(faults))
			}
		})
	}
}
