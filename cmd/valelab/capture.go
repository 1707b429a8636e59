package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/term"

	"github.com/valelab/valelab/runtime/agent"
	"github.com/valelab/valelab/runtime/pcapfilter"
	"github.com/valelab/valelab/runtime/pcapng"
)

const captureHelp = `NODE:ETH is an endpoint, in whichever mode it is; NODE:ETH^ what goes between a
netmap program and its node's kernel stack; host:ETH an interface of the machine
that the lab has. FILTER is in the language of tcpdump. What comes out is
pcapng, for a file or another program:

  valelab capture gen:eth1 sink:eth1 -w lab.pcapng
  valelab capture gen:eth1 | wireshark -k -i -
  valelab capture gen:eth1 --filter 'udp port 9' | tcpdump -n -r -
`

func captureCommand(fs *flag.FlagSet) runFunc {
	lab := labFlag(fs)
	file := fs.String("w", "-", "write to this `FILE`; -: standard output")
	snaplen := fs.Int("snaplen", 1<<18, "at most `N` bytes of each packet")
	count := fs.Uint64("count", 0, "end after `N` packets")
	duration := fs.Duration("duration", 0, "end after this `TIME`, as in 10s")
	filter := fs.String("filter", "", "only packets for which this `FILTER` holds")
	return func(ctx context.Context, s streams, words []string) error {
		if len(words) == 0 {
			return usagef("valelab capture NODE:ETH", "capture: which endpoint?")
		}
		if *snaplen < 1 || *snaplen > 1<<18 || *duration < 0 {
			return usagef("", "capture: --snaplen is from 1 to %d, --duration is not negative", 1<<18)
		}
		spec := agent.CaptureSpec{Ports: words, Snaplen: *snaplen, Count: *count, Filter: *filter}
		if *filter != "" {
			program, err := pcapfilter.Compile(*filter)
			if err != nil {
				return usagef("man 7 pcap-filter", "capture: %w", err)
			}
			spec.Program = program
		}
		running, err := openLab(*lab)
		if err != nil {
			return err
		}
		out, err := captureOutput(s.out, *file)
		if err != nil {
			return err
		}
		if *duration > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, *duration)
			defer cancel()
		}
		client := running.Agent()
		defer client.Close()
		r := &captureRun{client: client, out: out}
		err = errors.Join(r.run(ctx, spec), out.Close())
		r.report(s.err)
		return err
	}
}

// captureOutput returns what a capture is written to. A terminal is refused.
func captureOutput(stdout io.Writer, file string) (io.WriteCloser, error) {
	if file != "-" {
		return &captureFile{name: file}, nil
	}
	if f, ok := stdout.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return nil, usagef("valelab capture NODE:ETH | tcpdump -n -r -", "capture: a terminal can't show packets")
	}
	return nopCloser{stdout}, nil
}

// A captureFile is made, and one of that name overwritten, when there is
// something to write: not by a capture that the lab refuses.
type captureFile struct {
	name string
	file *os.File
}

func (c *captureFile) Write(p []byte) (n int, err error) {
	if c.file == nil {
		if c.file, err = os.Create(c.name); err != nil {
			return 0, usagef("valelab help capture", "capture: %w", err)
		}
	}
	return c.file.Write(p)
}

func (c *captureFile) Close() error {
	if c.file == nil {
		return nil
	}
	return c.file.Close()
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

// farewell is how long a capture's last packets may take.
const farewell = 5 * time.Second

// captureRun copies a capture block by block, so that what is written is whole
// even when the agent dies: the next one begins another section.
type captureRun struct {
	client *agent.Client
	out    io.Writer
	begun  chan struct{} // closed when the first agent captures; may be nil
	id     atomic.Int64  // of the capture, at the agent that is asked now

	packets uint64
	lost    uint64
	agents  int
}

// current is the number of the capture at its agent, 0 before there is one.
func (r *captureRun) current() int { return int(r.id.Load()) }

// run captures until ctx ends, the capture has its packets, or the lab is gone.
func (r *captureRun) run(ctx context.Context, spec agent.CaptureSpec) error {
	count := spec.Count
	for {
		if count > 0 {
			spec.Count = count - r.packets
		}
		err := r.once(ctx, spec)
		var failed *writeError
		switch {
		case errors.As(err, &failed):
			return failed.err
		case err == nil || ctx.Err() != nil || count > 0 && r.packets >= count:
			return nil
		case !errors.Is(err, agent.ErrNoAgent):
			return err
		}
		if _, err := sampleOf(ctx, r.client); err != nil {
			if ctx.Err() != nil || r.agents > 0 && errors.Is(err, agent.ErrNoAgent) {
				return nil // the lab is gone; what there was is written
			}
			return err
		}
	}
}

// A writeError says that the output takes no more.
type writeError struct{ err error }

func (e *writeError) Error() string { return e.err.Error() }

// once is a capture by one agent; nil: it has ended in order.
func (r *captureRun) once(ctx context.Context, spec agent.CaptureSpec) error {
	// The request outlives ctx, for the last packets.
	live, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stream, err := r.client.Capture(live, spec)
	if err != nil {
		return err
	}
	defer stream.Close()
	r.id.Store(int64(stream.ID))
	if r.agents++; r.agents == 1 && r.begun != nil {
		close(r.begun)
	}
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		select {
		case <-ctx.Done():
		case <-ended:
			return
		}
		late := time.AfterFunc(farewell, cancel)
		if r.client.StopCapture(live, stream.ID) != nil {
			cancel()
		}
		<-ended
		late.Stop()
	}()
	blocks := pcapng.NewReader(stream)
	for {
		kind, block, err := blocks.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return errors.Join(agent.ErrNoAgent, err)
		}
		if _, err := r.out.Write(block); err != nil {
			return &writeError{err}
		}
		switch kind {
		case pcapng.EnhancedPacket:
			r.packets++
		case pcapng.InterfaceStatistics:
			if _, s, err := pcapng.ParseStatistics(block); err == nil {
				r.lost += s.Lost
			}
		}
	}
}

// report says how it went, as tcpdump does.
func (r *captureRun) report(w io.Writer) {
	if r.agents == 0 {
		return
	}
	fmt.Fprintf(w, "%d packets captured\n", r.packets)
	if r.lost > 0 {
		fmt.Fprintf(w, "%d packets lost: the reader was too slow for them; the lab's traffic was not held up\n", r.lost)
	}
}
