package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"time"

	"github.com/valelab/valelab/runtime/agent"
)

const eventsHelp = `Each line is a JSON object: first the last events, then each as it happens. It
goes on with the next agent when one is replaced, and ends with the lab.
`

func eventsCommand(fs *flag.FlagSet) runFunc {
	past := fs.Bool("past", false, "print what has happened already, and no more")
	return func(ctx context.Context, s streams, words []string) error {
		word, err := oneWord("lab", words)
		if err != nil {
			return err
		}
		lab, err := openLab(word)
		if err != nil {
			return err
		}
		client := lab.Agent()
		defer client.Close()
		printer := &eventPrinter{out: json.NewEncoder(s.out)}
		if *past {
			stream, err := client.PastEvents(ctx)
			if err != nil {
				return err
			}
			return printer.printAll(stream)
		}
		return followEvents(ctx, client, printer)
	}
}

// followEvents prints the events of a lab until ctx or the lab ends.
func followEvents(ctx context.Context, client *agent.Client, printer *eventPrinter) error {
	for {
		// It waits while an agent is being replaced.
		if _, err := sampleOf(ctx, client); err != nil {
			if ctx.Err() != nil || printer.last != (time.Time{}) && errors.Is(err, agent.ErrNoAgent) {
				return nil // the lab has gone
			}
			return err
		}
		stream, err := client.Events(ctx)
		if err != nil {
			continue
		}
		err = printer.printAll(stream)
		switch {
		case ctx.Err() != nil:
			return nil
		case printer.failed:
			return err
		}
	}
}

// eventPrinter prints events once each: an agent that is asked again begins
// with what it has told already.
type eventPrinter struct {
	out    *json.Encoder
	last   time.Time
	failed bool // it can't print
}

// printAll prints what is new until the stream ends, and closes it.
func (p *eventPrinter) printAll(stream *agent.Stream) error {
	defer stream.Close()
	for {
		event, err := stream.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if !event.Time.After(p.last) {
			continue
		}
		p.last = event.Time
		if err := p.out.Encode(event); err != nil {
			p.failed = true
			return err
		}
	}
}
