package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// Summary writes what the results add up to: the labs with both backends beside each other, then the other parts,
// and what was measured. It returns the number of failures. labs are those that must be among the results.
func Summary(w io.Writer, results []Result, labs []string) int {
	failures := 0
	cell := func(part, name, backend string) string {
		i := slices.IndexFunc(results, func(r Result) bool { return r.Part == part && r.Name == name && r.Backend == backend })
		switch {
		case i < 0:
			failures++
			return "NOT RUN"
		case !results[i].OK:
			failures++
			return "FAIL"
		}
		return fmt.Sprintf("ok %.1f s", results[i].Seconds)
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i, lab := range labs {
		if i == 0 {
			fmt.Fprintln(tw, "LAB\tNETMAP: USER\tNETMAP: KERNEL")
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\n", lab, cell(PartLabs, lab, "user"), cell(PartLabs, lab, "kernel"))
	}
	tw.Flush()

	for _, part := range []string{PartModules, PartConformance, PartTests, PartChaos, PartUnload, PartLog} {
		var good, bad int
		for _, r := range results {
			if r.Part == part && r.OK {
				good++
			} else if r.Part == part {
				bad++
			}
		}
		failures += bad
		if good+bad > 0 {
			fmt.Fprintf(w, "%s: %d of %d good\n", part, good, good+bad)
		}
	}
	if !slices.ContainsFunc(results, func(r Result) bool { return r.Part == PartEnd }) {
		failures++
		fmt.Fprintln(w, "the machine did not come to its end")
	}
	for _, r := range results {
		for line := range strings.Lines(r.Text) {
			if _, what, ok := strings.Cut(line, Measured); ok {
				fmt.Fprintln(w, strings.TrimSpace(what))
			}
		}
	}
	return failures
}

// Measured stands before what a test measured, in the line that it logs.
const Measured = "measured: "
