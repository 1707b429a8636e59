package main

import (
	"strings"
	"testing"
)

func TestComplaints(t *testing.T) {
	log := []string{"eth0: up", "------------[ cut here ]------------", "WARNING: CPU: 0 PID: 7 at kernel/softirq.c:400", "RIP: 0010:x"}
	got := complaintsIn(log)
	if len(got) != 2 || !strings.HasPrefix(got[0], "WARNING") {
		t.Errorf("%q", got)
	}
	if got := complaintsIn(log[:2]); got != nil {
		t.Errorf("%q", got)
	}
}

// The init of a machine does nothing when it is started as anything else; and what runs too long ends.
func TestRunEnds(t *testing.T) {
	out := run(t.TempDir(), 0, []string{"A=b"}, "sh", "-c", "echo $A; pwd; exit 3")
	if out.err == nil || !strings.HasPrefix(out.text, "b\n/") {
		t.Errorf("%+v", out)
	}
	out = run("", 1, nil, "sh", "-c", "sleep infinity & wait")
	if out.err == nil || !strings.Contains(out.err.Error(), "takes longer") {
		t.Errorf("%+v", out)
	}
}
