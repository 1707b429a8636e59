package main

import (
	"context"
	"fmt"
	"io"

	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/topology"
)

// preview is the JSON that deploy --dry-run prints.
type preview struct {
	*runtime.Outlook
	Plan *topology.Plan `json:"plan"`
}

// dryRun prints a plan, and what deploy would do of it and why.
func dryRun(ctx context.Context, s streams, plan *topology.Plan, f format) error {
	outlook, err := runtime.Preview(ctx, state.FindRoot(), plan, runtime.Options{})
	if err != nil {
		return err
	}
	if f == formatJSON {
		return writeJSON(s.out, preview{outlook, plan})
	}
	if err := writePlan(s.out, plan, f); err != nil {
		return err
	}
	return writeOutlook(s.out, outlook)
}

// writeOutlook says what is to be done, and why, and whom it touches.
func writeOutlook(w io.Writer, o *runtime.Outlook) error {
	switch {
	case !o.Exists:
		_, err := fmt.Fprintf(w, "\nlab %s does not run: all %d steps are to be done\n", o.Lab, o.Steps)
		return err
	case len(o.Changes) == 0:
		_, err := fmt.Fprintf(w, "\nlab %s runs already: nothing to change\n", o.Lab)
		return err
	}
	if _, err := fmt.Fprintf(w, "\nlab %s is to change: %d things to do\n\n", o.Lab, len(o.Changes)); err != nil {
		return err
	}
	t := newTable("ACTION", "STEP", "WHY")
	for _, c := range o.Changes {
		t.row(c.Action, c.Step, c.Why)
	}
	if err := t.write(w); err != nil {
		return err
	}
	if len(o.Touched) == 0 {
		_, err := fmt.Fprintf(w, "\nno node's traffic is touched\n")
		return err
	}
	if _, err := fmt.Fprintf(w, "\n"); err != nil {
		return err
	}
	t = newTable("NODE", "TRAFFIC")
	for _, n := range o.Touched {
		for _, how := range n.How {
			t.row(n.Node, how)
		}
	}
	return t.write(w)
}
