package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"time"

	"github.com/valelab/valelab/runtime/agent"
)

// agentPatience is how long stats waits for an agent that is being replaced.
const agentPatience = 3 * time.Second

func statsCommand(fs *flag.FlagSet) runFunc {
	format := formatFlag(fs)
	interval := fs.Duration("interval", 0, "print again after each `TIME`, with rates, as in 1s")
	count := fs.Int("count", 0, "stop after printing `N` times; without --interval, once a second")
	return func(ctx context.Context, s streams, words []string) error {
		word, err := oneWord("lab", words)
		if err != nil {
			return err
		}
		if *interval < 0 || *count < 0 {
			return usagef("", "stats: --interval and --count are not negative")
		}
		lab, err := openLab(word)
		if err != nil {
			return err
		}
		client := lab.Agent()
		defer client.Close()
		if *interval == 0 && *count == 0 {
			return printOnce(ctx, s, client, *format)
		}
		if *interval == 0 {
			*interval = time.Second
		}
		return printRates(ctx, s, client, *format, *interval, *count)
	}
}

// printOnce prints the counters as they are.
func printOnce(ctx context.Context, s streams, client *agent.Client, f format) error {
	now, err := sample(ctx, client)
	if err != nil {
		return err
	}
	if f == formatJSON {
		return writeJSON(s.out, withRates(now, nil))
	}
	return statsTable(withRates(now, nil), false).write(s.out)
}

// printRates prints the counters and how they grew, count times, or until ctx
// ends when count is 0. JSON is one object a line.
func printRates(ctx context.Context, s streams, client *agent.Client, f format, interval time.Duration, count int) error {
	last, err := sample(ctx, client)
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
		now, err := sample(ctx, client)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		rates := withRates(now, last)
		last = now
		if f == formatJSON {
			err = json.NewEncoder(s.out).Encode(rates)
		} else {
			if n > 1 {
				fmt.Fprintln(s.out)
			}
			err = statsTable(rates, true).write(s.out)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sample asks for the counters; it waits for an agent that is being replaced.
func sample(ctx context.Context, client *agent.Client) (*agent.Stats, error) {
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
