package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/valelab/valelab/runtime/agent"
	"github.com/valelab/valelab/runtime/sample"
)

// agentPatience is how long stats waits for an agent that is being replaced.
const agentPatience = 3 * time.Second

func statsCommand(fs *flag.FlagSet) runFunc {
	format := formatFlag(fs, formatTable, formatJSON, formatJSONL, formatCSV)
	interval := fs.Duration("interval", 0, "print again after each `TIME`, with rates, as in 1s")
	count := fs.Int("count", 0, "stop after printing `N` times; without --interval, once a second")
	moved := fs.Bool("count-moved", false, "from now on, have eBPF count the slots that programs move through rings on netmap's module")
	once := fs.Bool("once", false, "print once; so it does too without --interval and --count")
	return func(ctx context.Context, s streams, words []string) error {
		word, err := oneWord("lab", words)
		if err != nil {
			return err
		}
		if *interval < 0 || *count < 0 {
			return usagef("", "stats: --interval and --count are not negative")
		}
		if *once && (*interval > 0 || *count > 1) {
			return usagef("", "stats: --once goes with neither --interval nor --count")
		}
		lab, err := openLab(word)
		if err != nil {
			return err
		}
		client := lab.Agent()
		defer client.Close()
		if *moved {
			if _, err := client.Count(ctx); err != nil {
				return err
			}
		}
		p := &statsPrinter{w: s.out, format: *format}
		if *interval == 0 && *count == 0 || *once {
			now, err := sampleOf(ctx, client)
			if err != nil {
				return err
			}
			return p.print(now)
		}
		if *interval == 0 {
			*interval = time.Second
		}
		p.repeat = true
		return printRates(ctx, client, p, *interval, *count)
	}
}

// printRates prints the counters and how they grew, count times, or until ctx
// ends when count is 0.
func printRates(ctx context.Context, client *agent.Client, p *statsPrinter, interval time.Duration, count int) error {
	last, err := sampleOf(ctx, client)
	if err != nil {
		return err
	}
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for n := 1; count == 0 || n <= count; n++ {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		now, err := sampleOf(ctx, client)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		now.SetRates(last)
		last = now
		if err := p.print(now); err != nil {
			return err
		}
	}
	return nil
}

// sampleOf asks for the counters; it waits for an agent that is being replaced.
func sampleOf(ctx context.Context, client *agent.Client) (*sample.Sample, error) {
	for begin := time.Now(); ; {
		stats, err := client.Stats(ctx)
		if err == nil {
			return stats, nil
		}
		if !errors.Is(err, agent.ErrNoAgent) || time.Since(begin) > agentPatience {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// statsPrinter prints samples in one format.
type statsPrinter struct {
	w       io.Writer
	format  format
	repeat  bool // there will be more than one: tables have rates, JSON is an object a line
	printed int
}

func (p *statsPrinter) print(s *sample.Sample) error {
	p.printed++
	first := p.printed == 1
	switch {
	case p.format == formatCSV:
		return sample.WriteCSV(p.w, s, first)
	case p.format == formatJSONL || p.format == formatJSON && p.repeat:
		return json.NewEncoder(p.w).Encode(s)
	case p.format == formatJSON:
		return writeJSON(p.w, s)
	}
	if !first {
		fmt.Fprintln(p.w)
	}
	return statsTable(s, p.repeat).write(p.w)
}
