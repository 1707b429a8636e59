package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// round is one measurement and what the machine could do around it.
type round struct {
	size          int
	before, after time.Duration // line times
	copied        float64       // frames a second
	flow          flow
}

// rate is the round's result: the median of the receiver's windows.
func (r round) rate() float64 { return median(r.flow.windows) }

// disturbed is the share of the processors that others may take in a round
// that counts.
const disturbed = 0.1

// class names how the two processors lay to each other, if nobody else used
// them.
func (r round) class(near time.Duration) string {
	switch {
	case r.flow.others > disturbed:
		return "disturbed"
	case max(r.before, r.after) <= near:
		return "near"
	case min(r.before, r.after) > near:
		return "far"
	}
	return "moved"
}

// bench does all rounds and prints them and what they come to.
func (c config) bench(ctx context.Context, w io.Writer) (err error) {
	s, err := newStage(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	fmt.Fprintf(w, "sender, switch and receiver: three processes, %d slots of %d bytes; rates are medians of windows of %v\n",
		copySlots, copySize, window)
	fmt.Fprintf(w, "copy: the same frames from ring to ring on one processor, in C; line: a cache line to the other processor and\n")
	fmt.Fprintf(w, "back, before and after; others: their share of the processors, over %.0f%% of which a round is disturbed\n\n", 100*disturbed)
	fmt.Fprintf(w, "%5s %5s  %-13s %6s  %-9s %9s %9s %9s %8s %8s\n",
		"round", "bytes", "line ns", "others", "cores", "received", "best 10%", "sent", "copy", "of copy")
	var rounds []round
	for i := range c.rounds {
		for _, size := range c.sizes {
			r, err := s.round(ctx, size, c.time)
			if err != nil {
				return err
			}
			rounds = append(rounds, r)
			fmt.Fprintf(w, "%5d %5d  %5d .. %-4d %5.0f%%  %-9s %9s %9s %9s %8s %8.3f\n", i+1, size, r.before.Nanoseconds(), r.after.Nanoseconds(),
				100*r.flow.others, r.class(c.near), mpps(r.rate()), mpps(quantile(r.flow.windows, 0.9)), mpps(r.flow.tx.PPS), mpps(r.copied), r.rate()/r.copied)
		}
	}
	fmt.Fprintf(w, "\nmedians, Mpps\n")
	for _, size := range c.sizes {
		for _, class := range []string{"near", "moved", "far", "disturbed"} {
			c.summarize(w, rounds, size, class)
		}
	}
	return nil
}

// round measures frames of one size.
func (s *stage) round(ctx context.Context, size int, d time.Duration) (round, error) {
	r := round{size: size}
	var err error
	if r.copied, err = copyRate(size, d/5); err != nil {
		return r, err
	}
	if r.before, err = lineTime(); err != nil {
		return r, err
	}
	if r.flow, err = s.run(ctx, size, d); err != nil {
		return r, err
	}
	r.after, err = lineTime()
	return r, err
}

// summarize prints the medians of the rounds of a size and class, if any.
func (c config) summarize(w io.Writer, rounds []round, size int, class string) {
	var rates, copies, ratios, bits []float64
	for _, r := range rounds {
		if r.size == size && r.class(c.near) == class {
			rates = append(rates, r.rate())
			copies = append(copies, r.copied)
			ratios = append(ratios, r.rate()/r.copied)
			bits = append(bits, r.rate()*float64(size)*8)
		}
	}
	if len(rates) > 0 {
		fmt.Fprintf(w, "%4d bytes, %-9s (%d of %d rounds): received %s, %.1f Gbit/s; copy %s; %.3f of the copy\n",
			size, class, len(rates), c.rounds, mpps(median(rates)), median(bits)/1e9, mpps(median(copies)), median(ratios))
	}
}

// mpps writes a rate in millions a second.
func mpps(v float64) string { return fmt.Sprintf("%.2f", v/1e6) }
