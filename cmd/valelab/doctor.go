package main

import (
	"context"
	"flag"
	"fmt"
	"time"

	"github.com/valelab/valelab/runtime/docker"
	"github.com/valelab/valelab/runtime/doctor"
)

const doctorHelp = `A line for each thing that labs use: ok; warn, labs run without it; fail, none runs.
What is to be done stands below it. The exit status is 1 if anything fails.
`

// enginePatience is how long doctor waits for an engine: it is to answer where others hang.
const enginePatience = 5 * time.Second

// checkup is what doctor prints as JSON.
type checkup struct {
	OK    bool          `json:"ok"`
	Lines []doctor.Line `json:"checks"`
}

func doctorCommand(fs *flag.FlagSet) runFunc {
	format := formatFlag(fs)
	return func(ctx context.Context, s streams, words []string) error {
		if len(words) > 0 {
			return usagef("", "doctor looks at this machine and takes no words: %q", words[0])
		}
		engine := docker.New()
		defer engine.Close()
		return printCheckup(ctx, s, *format, doctor.Local(engine))
	}
}

// printCheckup prints what the probes find, and fails if no lab can run.
func printCheckup(ctx context.Context, s streams, f format, p *doctor.Probes) error {
	ctx, cancel := context.WithTimeout(ctx, enginePatience)
	defer cancel()
	c := checkup{Lines: doctor.Look(ctx, p)}
	c.OK = doctor.CanRun(c.Lines)
	if f == formatJSON {
		if err := writeJSON(s.out, c); err != nil {
			return err
		}
	} else {
		width := 0
		for _, l := range c.Lines {
			width = max(width, len(l.Name))
		}
		for _, l := range c.Lines {
			fmt.Fprintf(s.out, "%-4s  %-*s  %s\n", l.State, width, l.Name, l.Text)
			if l.Hint != "" {
				fmt.Fprintf(s.out, "%*s  hint: %s\n", width+6, "", l.Hint)
			}
		}
	}
	if !c.OK {
		return exitStatus(statusFailed)
	}
	return nil
}
