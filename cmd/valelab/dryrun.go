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

// writeOutlook says what is to be done, and why.
func writeOutlook(w io.Writer, o *runtime.Outlook) error {
	switch {
	case !o.Exists:
		_, err := fmt.Fprintf(w, "\nlab %s does not run: all %d steps are to be done\n", o.Lab, o.Steps)
		return err
	case len(o.Missing) == 0:
		_, err := fmt.Fprintf(w, "\nlab %s runs already: nothing to change\n", o.Lab)
		return err
	}
	if _, err := fmt.Fprintf(w, "\nlab %s runs in part: %d of %d steps are to be done\n\n", o.Lab, len(o.Missing), o.Steps); err != nil {
		return err
	}
	t := newTable("STEP", "WHY")
	for _, m := range o.Missing {
		t.row(m.Step, m.Why)
	}
	return t.write(w)
}
