package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/state"
)

func deployCommand(fs *flag.FlagSet) runFunc {
	dry := fs.Bool("dry-run", false, "print the plan and what of it is to be done and why, and change nothing")
	format := formatFlag(fs)
	return func(ctx context.Context, s streams, words []string) error {
		plan, err := planOf(words)
		if err != nil {
			return err
		}
		if *dry {
			return dryRun(ctx, s, plan, *format)
		}
		view := newProgress(s.err, "deploy "+plan.Lab)
		news := tellSteps(plan.Lab)
		report, err := runtime.Deploy(ctx, state.FindRoot(), plan, runtime.Options{Progress: func(e runtime.Event) {
			view.show(e)
			news.show(e)
		}})
		news.close()
		view.clear()
		if err != nil {
			if failed, ok := err.(*runtime.Error); ok && failed.Left == nil {
				fmt.Fprintf(s.err, "deploy %s: what was done is taken back\n", plan.Lab)
			}
			if report != nil {
				writeNotes(s.err, report.Notes)
			}
			return err
		}
		writeReport(s.err, report)
		if *format == formatJSON {
			return writeJSON(s.out, report)
		}
		return nil
	}
}

// writeReport says in a line what was done, and below it what the user has to know.
func writeReport(w io.Writer, r *runtime.Report) {
	switch {
	case r.Changed == 0:
		fmt.Fprintf(w, "lab %s runs already: nothing to change\n", r.Lab)
	case r.Existed:
		fmt.Fprintf(w, "lab %s is changed: %d things done in %s\n", r.Lab, r.Changed, r.Elapsed.Round(time.Millisecond))
	default:
		fmt.Fprintf(w, "lab %s is up: %d of %d steps done in %s\n", r.Lab, r.Changed, r.Steps, r.Elapsed.Round(time.Millisecond))
	}
	writeNotes(w, r.Notes)
}

func writeNotes(w io.Writer, notes []string) {
	for _, note := range notes {
		fmt.Fprintf(w, "note: %s\n", note)
	}
}
