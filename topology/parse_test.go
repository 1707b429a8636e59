package topology

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// TestAllFaultsAtOnce checks that faults do not hide each other, that they are
// sorted, and that one fault does not bring others along.
func TestAllFaultsAtOnce(t *testing.T) {
	const file = `name: my lab
netmap: fast
switchs: {}
switches: {left: {}}
defaults: {memory: lots, group: none}
nodes:
  gen: {cmd: "it's", cpu: -1, env-files: [bad.env, gone.env, bad.env]}
  sink: {binds: [a:b], depends_on: {gen: ready, hub: started}}
links:
  - [gen:eth1, lfet]
  - endpoints: [gen:val1, left]
    mtu: 10
    mac: x
  - [gen:eth1, left]
  - [sink:eth1, gen:eth1]
`
	const want = `lab.yml:1:7: name of the lab "my lab" has ' ' in it
lab.yml:2:9: netmap: unknown backend "fast"
lab.yml:3:1: lab file: unknown key "switchs"
lab.yml:5:20: defaults: memory "lots" is not a size
lab.yml:5:33: unknown group "none"
lab.yml:7:14: node "gen": cmd: single quote is not closed
lab.yml:7:27: node "gen": cpu must be a number from 0.01 to 1024, not "-1"
lab.yml:7:52: node "gen": env-files: cannot read env file: open gone.env: no such file or directory
lab.yml:8:18: node "sink": binds: "a:b" does not bind to an absolute path
lab.yml:8:42: node "sink": depends_on: "gen": unknown condition "ready"
lab.yml:8:49: node "sink" depends on unknown node "hub"
lab.yml:10:16: unknown switch "lfet"
lab.yml:11:17: endpoint "gen:val1": interface "val1" begins with val, which netmap takes for a switch
lab.yml:12:10: link: mtu must be a whole number from 68 to 9216, not "10"
lab.yml:13:10: link: mac "x" is not a MAC address
lab.yml:15:17: endpoint gen:eth1 is used twice, first on line 14
bad.env:2:1: "not good" is not the name of a variable
`
	lab, err := Parse("lab.yml", []byte(file), testEnv())
	if lab != nil || err == nil {
		t.Fatalf("got lab %v, error %v", lab, err)
	}
	if got := err.Error() + "\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	var f *Fault
	if !errors.As(err, &f) || f.Line != 1 {
		t.Errorf("errors.As finds %v, want the first fault", f)
	}
}

// TestFaultsAreCounted checks that a hopeless file does not flood the screen.
func TestFaultsAreCounted(t *testing.T) {
	_, err := Parse("lab.yml", []byte("name: a\nnodes: {gen: {}}\n"+"links:\n"+strings.Repeat("  - []\n", 1000)), Env{})
	faults := faultsOf(t, err)
	if len(faults) != maxFaults+1 || faults[maxFaults].Message != "800 faults more are not shown" {
		t.Errorf("got %d faults, the last: %v", len(faults), faults[len(faults)-1])
	}
}

// TestWithoutEnv checks that the zero Env knows nothing.
func TestWithoutEnv(t *testing.T) {
	lab, err := Parse("lab.yml", []byte("name: ${A:=b}\nnodes: {gen: {cmd: $A}}\n"), Env{})
	if err != nil || lab.Name != "b" || !slices.Equal(lab.Nodes[0].Cmd, []string{"$A"}) {
		t.Errorf("got %+v, %v", lab, err)
	}
	if _, err := Parse("lab.yml", []byte("name: a\nnodes: {gen: {env-files: [x]}}\n"), Env{}); err == nil {
		t.Error("an env file is read from nowhere")
	}
}

// TestOrderDoesNotMatter checks that a plan is the same however its file is sorted.
func TestOrderDoesNotMatter(t *testing.T) {
	files := []string{
		"name: a\nswitches: {x: {}, y: {}}\nnodes: {m: {env: {A: 1, B: 2}}, n: {}}\nlinks:\n  - [m:e, x]\n  - [x, y]\n  - [n:e, m:f]\n  - [host:p, y]\n",
		"links:\n  - [y, host:p]\n  - [m:f, n:e]\n  - [y, x]\n  - [x, m:e]\nnodes: {n: {}, m: {env: {B: 2, A: 1}}}\nswitches: {y: , x: }\nname: a\n",
	}
	var plans []string
	for _, file := range files {
		lab, err := Parse("lab.yml", []byte(file), Env{})
		if err != nil {
			t.Fatal(err)
		}
		plans = append(plans, string(indented(t, lab.Compile())))
	}
	if plans[0] != plans[1] {
		t.Errorf("got\n%s\nand\n%s", plans[0], plans[1])
	}
}

// TestPorts checks the limit of a switch from below: trunks and uplinks count.
func TestPorts(t *testing.T) {
	file := "name: a\nswitches: {x: {}, y: {}}\nnodes: {n: {}}\nlinks:\n  - [x, y]\n  - [x, host:p]\n"
	for i := range maxPorts - 2 {
		file += "  - [n:e" + strings.Repeat("a", i%10) + "_" + string(rune('0'+i/100)) + string(rune('0'+i/10%10)) + ", x]\n"
	}
	if _, err := Parse("lab.yml", []byte(file), Env{}); err != nil {
		t.Errorf("%d ports: %v", maxPorts, err)
	}
	if _, err := Parse("lab.yml", []byte(file+"  - [n:one, x]\n"), Env{}); err == nil {
		t.Errorf("%d ports pass", maxPorts+1)
	}
}

// TestFaultsStayOnTheirLine checks that nothing in a file can make a message of its own.
func TestFaultsStayOnTheirLine(t *testing.T) {
	const key = `"a\nlab.yml:1:1: b"`
	_, err := Parse("lab.yml", []byte("name: a\nswitches: {"+key+": [], x: {}}\ngroups: {"+key+": {}}\nnodes: {"+key+": {group: g}, n: {}}\n"+
		"links:\n  - {endpoints: ["+key+", x], mtu: 1}\n  - {endpoints: ["+key+", n:e], mac: 1}\n  - ['n:"+strings.Repeat("e", 1000)+"', x]\n"), Env{})
	for _, f := range faultsOf(t, err) {
		checkFault(t, f, 8)
		if n := len(f.Message) + len(f.Hint); n > 500 {
			t.Errorf("fault of %d bytes: %v", n, f)
		}
	}
}
