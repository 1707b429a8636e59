package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/plugin"
	"github.com/valelab/valelab/runtime/state"
)

func inspectCommand(fs *flag.FlagSet) runFunc {
	format := formatFlag(fs)
	return func(ctx context.Context, s streams, words []string) error {
		word, err := oneWord("lab", words)
		if err != nil {
			return err
		}
		name, file, err := labName(word)
		if err != nil {
			return err
		}
		lab, err := runtime.Inspect(ctx, state.FindRoot(), name)
		if err != nil {
			return notRunning(err, name, file)
		}
		if err := plugin.AddAddresses(lab); err != nil {
			return err
		}
		if *format == formatJSON {
			return writeJSON(s.out, lab)
		}
		return writeInspection(s.out, lab, time.Now())
	}
}

// writeInspection prints a lab as a headline and a table for each kind of
// thing that it has.
func writeInspection(w io.Writer, lab *runtime.Inspection, now time.Time) error {
	headline := fmt.Sprintf("lab %s: %s", lab.Lab, lab.State)
	if a := lab.Agent; a != nil {
		headline += fmt.Sprintf(", agent %d", a.PID)
		if a.Restarts > 0 {
			headline += fmt.Sprintf(" (%d before it)", a.Restarts)
		}
		if lab.Keeper == 0 {
			headline += ", no keeper"
		}
	}
	_, err := fmt.Fprintln(w, headline)
	for _, t := range []*table{nodeTable(lab, now), switchTable(lab), endpointTable(lab), accessTable(lab), linkTable(lab)} {
		if len(t.rows) > 0 {
			fmt.Fprintln(w)
			err = errors.Join(err, t.write(w))
		}
	}
	return err
}

func nodeTable(lab *runtime.Inspection, now time.Time) *table {
	t := newTable("NODE", "STATE", "FOR", "RESTARTS", "LAST EXIT")
	for _, n := range lab.Nodes {
		since := ""
		if !n.Since.IsZero() {
			since = max(0, now.Sub(n.Since)).Truncate(time.Second).String()
		}
		exit := ""
		switch {
		case n.Signal > 0:
			exit = fmt.Sprintf("signal %d", n.Signal)
		case n.State == "exited" || n.ExitCode > 0:
			exit = fmt.Sprint(n.ExitCode)
		}
		t.row(n.Name, n.State, since, n.Restarts, exit)
	}
	return t
}

// switchTable leaves out wires: they have no name in the lab file.
func switchTable(lab *runtime.Inspection) *table {
	t := newTable("SWITCH", "STATE", "PORTS")
	for _, s := range lab.Switches {
		if !s.Wire {
			t.row(s.Name, s.State, s.Ports)
		}
	}
	return t
}

func endpointTable(lab *runtime.Inspection) *table {
	t := newTable("ENDPOINT", "SWITCH", "STATE", "MAC", "MTU", "ADDRESSES")
	for _, e := range lab.Endpoints {
		addresses := strings.Join(append(append([]string{}, e.IPv4...), e.IPv6...), " ")
		t.row(e.Node+":"+e.Interface, e.Switch, withFault(e.State, e.Fault), e.MAC, e.MTU, addresses)
	}
	return t
}

// accessTable has the switches that programs of nodes may open.
func accessTable(lab *runtime.Inspection) *table {
	t := newTable("PROGRAMS OF", "SWITCH", "OPENED AS", "STATE", "PORTS")
	for _, a := range lab.Accesses {
		t.row(a.Node, a.Switch, "netmap:"+a.As+":...", a.State, a.Ports)
	}
	return t
}

// linkTable has the links that no endpoint is part of.
func linkTable(lab *runtime.Inspection) *table {
	t := newTable("LINK", "", "STATE")
	for _, l := range lab.Trunks {
		t.row(l.A, l.B, l.State)
	}
	for _, l := range lab.Uplinks {
		t.row(l.Switch, fmt.Sprintf("host:%s (%s)", l.Interface, l.Host), withFault(l.State, l.Fault))
	}
	return t
}

func withFault(state, fault string) string {
	if fault == "" {
		return state
	}
	return state + ": " + fault
}
