package vale

import (
	"errors"
	"fmt"
	"time"

	"github.com/valelab/valelab/netmap/vale/internal/core"
)

// Capture copies the frames of some ports for a reader. A worker that finds no room for a copy counts it and
// goes on: capturing never holds traffic up. Ports that are detached meanwhile have no more frames.
//
// One goroutine calls Read; Lost and Close may be called from any. Close waits for no Read: the reader has
// stopped before.
type Capture struct {
	engine *Engine
	queues map[*worker]*core.TapQueue
	taps   []*tap // by index of the point
}

// CapturePoint is a port, or with Host what goes between the program that has it open and the node's kernel
// stack.
type CapturePoint struct {
	Switch, Port string
	Host         bool
}

// Captured is one frame. Data is valid until the function that got it returns.
type Captured struct {
	Point int // index of its point
	Time  time.Time
	Sent  bool // by the port, into the switch; else delivered to it
	Len   int  // of the frame
	Data  []byte
}

// tap is one point of a capture. Its fields are under the engine's lock.
type tap struct {
	core *core.Tap
	port *Port  // nil: it has ended
	lost uint64 // of one that has ended
}

// Capture starts a capture of up to snaplen bytes of each frame, with queues of size bytes, a power of 2. The
// caller closes it.
func (e *Engine) Capture(points []CapturePoint, snaplen, size int) (*Capture, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, ErrClosed
	}
	c := &Capture{engine: e, queues: make(map[*worker]*core.TapQueue)}
	for i, at := range points {
		if err := c.add(i, at, snaplen, size); err != nil {
			return nil, errors.Join(fmt.Errorf("capture of %s: %w", at.Port, err), c.close())
		}
	}
	return c, nil
}

func (c *Capture) add(i int, at CapturePoint, snaplen, size int) (err error) {
	s := c.engine.switches[at.Switch]
	if s == nil || s.ports[at.Port] == nil {
		return ErrNotFound
	}
	p := s.ports[at.Port]
	if p.mode == ModeTrunk {
		return fmt.Errorf("%w: a trunk; capture what it joins", ErrInvalid)
	}
	queue := c.queues[s.worker]
	if queue == nil {
		if queue, err = core.NewTapQueue(size); err != nil {
			return err
		}
		c.queues[s.worker] = queue
	}
	t := &tap{port: p}
	s.worker.do(func() { t.core, err = p.core.NewTap(queue, i, snaplen, at.Host) })
	if err != nil {
		return err
	}
	p.taps = append(p.taps, t)
	c.taps = append(c.taps, t)
	return nil
}

// end takes the tap from its port.
func (t *tap) end() {
	if t.port == nil {
		return
	}
	t.port.sw.worker.do(func() {
		t.lost = t.core.Lost()
		t.core.Free()
	})
	for i, other := range t.port.taps {
		if other == t {
			t.port.taps = append(t.port.taps[:i:i], t.port.taps[i+1:]...)
			break
		}
	}
	t.core, t.port = nil, nil
}

// Read hands every frame that has come by now to emit, in the order in which they came, and stops at emit's
// first error.
func (c *Capture) Read(emit func(Captured) error) error {
	var sources []*captureSource
	for _, q := range c.queues {
		s := &captureSource{queue: q, head: q.Head()}
		if s.peek() {
			sources = append(sources, s)
		}
	}
	for len(sources) > 0 {
		first := 0
		for i, s := range sources {
			if s.record.Time.Before(sources[first].record.Time) {
				first = i
			}
		}
		s := sources[first]
		r := &s.record
		err := emit(Captured{Point: r.Tag, Time: r.Time, Sent: r.Tx, Len: r.Len, Data: r.Data})
		s.queue.Advance(s.next)
		if err != nil {
			return err
		}
		if !s.peek() {
			sources = append(sources[:first], sources[first+1:]...)
		}
	}
	return nil
}

// captureSource is a queue that is being emptied up to head.
type captureSource struct {
	queue  *core.TapQueue
	head   uint64
	record core.TapRecord
	next   uint64 // the record after it
	buf    []byte
}

// peek reads the next record; false: there is none.
func (s *captureSource) peek() bool {
	if s.queue.Tail() == s.head {
		return false
	}
	s.next, s.buf = s.queue.Peek(&s.record, s.buf)
	return true
}

// Lost is the number of frames of a point for which there was no room.
func (c *Capture) Lost(point int) uint64 {
	c.engine.mu.Lock()
	defer c.engine.mu.Unlock()
	t := c.taps[point]
	if t.port == nil {
		return t.lost
	}
	return t.core.Lost()
}

// Close ends the capture.
func (c *Capture) Close() error {
	c.engine.mu.Lock()
	defer c.engine.mu.Unlock()
	return c.close()
}

func (c *Capture) close() error {
	for _, t := range c.taps {
		t.end()
	}
	var errs []error
	for w, q := range c.queues {
		errs = append(errs, q.Free())
		delete(c.queues, w)
	}
	return errors.Join(errs...)
}
