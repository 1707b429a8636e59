package main

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/valelab/valelab/runtime/docker"
	"github.com/valelab/valelab/runtime/doctor"
)

// checkupOf prints what doctor says of a machine, and gives the exit status.
func checkupOf(t *testing.T, f format, p *doctor.Probes) (string, int) {
	t.Helper()
	var out strings.Builder
	s := streams{out: &out, err: &out}
	status := report(s, printCheckup(t.Context(), s, f, p))
	return out.String(), status
}

func TestDoctor(t *testing.T) {
	none := func() error { return nil }
	machine := &doctor.Probes{
		Root: fstest.MapFS{}, Release: "6.8.0",
		Namespaces: none, Veth: none, PacketSocket: none, MemoryFile: none, Filter: none, Notification: none, Library: none,
		Engine:  func(context.Context) (docker.Version, error) { return docker.Version{}, docker.ErrNoEngine },
		Plugins: func(context.Context) (docker.Plugins, error) { return docker.Plugins{}, docker.ErrNoEngine },
	}
	text, status := checkupOf(t, formatTable, machine)
	for _, want := range []string{
		"ok    kernel             Linux 6.8.0\n",
		"warn  engine             nodes with an image can't run: there is no container engine\n                         hint: systemctl start docker\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if status != statusDone {
		t.Errorf("exit status %d where labs can run", status)
	}

	machine.Veth = func() error { return errors.New("not supported") }
	text, status = checkupOf(t, formatTable, machine)
	if want := "fail  veth               endpoints can't have devices: not supported\n                         hint: modprobe veth\n"; !strings.Contains(text, want) || status != statusFailed {
		t.Errorf("exit status %d\n%s", status, text)
	}
	text, status = checkupOf(t, formatJSON, machine)
	var c checkup
	if err := json.Unmarshal([]byte(text), &c); err != nil || c.OK || status != statusFailed || len(c.Lines) < 10 ||
		c.Lines[3] != (doctor.Line{Name: "veth", State: doctor.Fail, Text: "endpoints can't have devices: not supported", Hint: "modprobe veth"}) {
		t.Errorf("exit status %d, %v\n%s", status, err, text)
	}
}
