package main

import (
	"context"
	"flag"
	"io"

	"github.com/valelab/valelab/topology"
)

func planCommand(fs *flag.FlagSet) runFunc {
	format := formatFlag(fs)
	return func(_ context.Context, s streams, words []string) error {
		plan, err := planOf(words)
		if err != nil {
			return err
		}
		return writePlan(s.out, plan, *format)
	}
}

func writePlan(w io.Writer, plan *topology.Plan, f format) error {
	if f == formatJSON {
		return writeJSON(w, plan)
	}
	_, err := io.WriteString(w, plan.Text())
	return err
}
