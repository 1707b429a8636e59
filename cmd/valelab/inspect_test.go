package main

import (
	"strings"
	"testing"
	"time"

	"github.com/valelab/valelab/runtime"
)

func TestInspectTables(t *testing.T) {
	now := time.Unix(1000, 0)
	lab := &runtime.Inspection{
		Lab: "l", State: runtime.LabPartial, Agent: &runtime.AgentInspection{PID: 42, Restarts: 1}, // and no keeper
		Nodes: []runtime.NodeInspection{
			{Name: "a", State: "running", PID: 2, Since: now.Add(-61 * time.Second)},
			{Name: "b", State: "exited", ExitCode: 3, Restarts: 2, Since: now},
			{Name: "c", State: "backoff", Signal: 9, Since: now},
			{Name: "d", State: runtime.StateMissing},
		},
		Switches: []runtime.SwitchInspection{
			{Name: "s", State: "running", Ports: 2}, {Name: "a:eth2--b:eth2", Wire: true, State: "running", Ports: 2},
		},
		Endpoints: []runtime.EndpointInspection{{
			Node: "a", Interface: "eth1", Switch: "s", State: "netmap", MAC: "02:00:00:00:00:01", MTU: 1500,
			IPv4: []string{"10.0.0.1/24"}, IPv6: []string{"fd00::1/64"},
		}},
		Accesses: []runtime.AccessInspection{{Node: "a", Switch: "s", As: "vales", State: "running", Ports: 3}},
		Trunks:   []runtime.TrunkInspection{{A: "s", B: "t", State: "running"}},
		Uplinks:  []runtime.UplinkInspection{{Interface: "eth3", Switch: "s", Host: "keep", State: "faulty", Fault: "is gone"}},
	}
	var out strings.Builder
	if err := writeInspection(&out, lab, now); err != nil {
		t.Fatal(err)
	}
	want := `lab l: partial, agent 42 (1 before it), no keeper

NODE  STATE    FOR   RESTARTS  LAST EXIT
a     running  1m1s  0         -
b     exited   0s    2         3
c     backoff  0s    0         signal 9
d     missing  -     0         -

SWITCH  STATE    PORTS
s       running  2

ENDPOINT  SWITCH  STATE   MAC                MTU   ADDRESSES
a:eth1    s       netmap  02:00:00:00:00:01  1500  10.0.0.1/24 fd00::1/64

PROGRAMS OF  SWITCH  OPENED AS         STATE    PORTS
a            s       netmap:vales:...  running  3

LINK                    STATE
s     t                 running
s     host:eth3 (keep)  faulty: is gone
`
	if got := out.String(); got != want {
		t.Errorf("inspect:\n%swant:\n%s", got, want)
	}
}
