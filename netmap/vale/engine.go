package vale

import (
	"errors"
	"runtime"
	"sync"
	"time"

	"github.com/valelab/valelab/netmap/vale/internal/core"
)

// Config is what New needs.
type Config struct {
	Workers int           // forwarding threads; 0: half of the processors, at least one
	Spin    time.Duration // how long a worker looks for more after a busy time; 0: measured when first needed
	Events  func(Event)   // called for one event at a time; nil: events are dropped
}

// Engine runs switches. Its methods, and those of its switches, ports, trunks and opens, may be called from
// any goroutine at any time; they wait for each other, and for at most one pass of a worker.
type Engine struct {
	cfg    Config
	err    error         // of New
	faults chan fault    // from the workers
	done   chan struct{} // closed when no more events come
	stop   chan struct{}

	mu        sync.Mutex
	closed    bool
	workers   []*worker
	switches  map[string]*Switch
	order     []*Port // of all switches, as Stats has them; nil: to be made anew
	calibrate sync.Once
}

// New starts an engine without switches.
func New(cfg Config) *Engine {
	if cfg.Workers <= 0 {
		cfg.Workers = max(1, runtime.GOMAXPROCS(0)/2)
	}
	e := newEngine(cfg)
	for _, w := range e.workers {
		w.start()
	}
	return e
}

// newEngine makes an engine whose workers do not run yet: control operations are carried out by the caller's
// goroutine, and frames move when it says so.
func newEngine(cfg Config) *Engine {
	e := &Engine{
		cfg:      cfg,
		faults:   make(chan fault),
		done:     make(chan struct{}),
		stop:     make(chan struct{}),
		switches: make(map[string]*Switch),
	}
	for range cfg.Workers {
		w, err := newWorker(e.reportFault)
		if err != nil {
			e.err = err
			break
		}
		w.core.SetSpin(cfg.Spin)
		if cfg.Spin == 0 {
			w.core.SetSpin(spinBefore)
		}
		e.workers = append(e.workers, w)
	}
	go e.handleFaults()
	return e
}

// Close ends all switches and waits for the workers and the last event. Programs find their ports detached.
// It must not be called from Config.Events, nor with a lock held that Config.Events takes.
func (e *Engine) Close() error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return nil
	}
	var errs []error
	for _, s := range e.switches {
		errs = append(errs, s.close())
	}
	e.halt()
	e.mu.Unlock()
	close(e.stop)
	<-e.done
	return errors.Join(errs...)
}

// halt ends the workers.
func (e *Engine) halt() {
	e.closed = true
	for _, w := range e.workers {
		w.end()
	}
}

// place picks the worker with the fewest switches.
func (e *Engine) place() *worker {
	least := e.workers[0]
	for _, w := range e.workers {
		if w.switches < least.switches {
			least = w
		}
	}
	return least
}

// spinUp measures how long workers should spin, once, while they run.
func (e *Engine) spinUp() {
	if e.cfg.Spin != 0 {
		return
	}
	e.calibrate.Do(func() {
		go func() {
			d := measureSpin()
			e.mu.Lock()
			defer e.mu.Unlock()
			if e.closed {
				return
			}
			for _, w := range e.workers {
				w.core.SetSpin(d)
			}
		}()
	})
}

// fault is a core.Fault and the worker it comes from.
type fault struct {
	core.Fault
	from *worker
}

// reportFault hands a fault over to handleFaults; a worker calls it and must not wait.
func (e *Engine) reportFault(f fault) {
	go func() {
		select {
		case e.faults <- f:
		case <-e.stop:
		}
	}()
}

// handleFaults takes the rings of ports that broke the rules away, and tells.
func (e *Engine) handleFaults() {
	defer close(e.done)
	for {
		select {
		case f := <-e.faults:
			if event, ok := e.detachBroken(f); ok && e.cfg.Events != nil {
				e.cfg.Events(event)
			}
		case <-e.stop:
			return
		}
	}
}

func (e *Engine) detachBroken(f fault) (Event, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range e.switches {
		for _, p := range s.ports {
			if s.worker != f.from || p.core.ID() != f.Port || p.rings == nil {
				continue
			}
			// The program may have gone meanwhile, and another one have come.
			broken := false
			p.sw.worker.do(func() { broken = p.core.Broken() })
			if !broken {
				return Event{}, false
			}
			p.eachOpen((*Open).detach)
			dir := "rx"
			if f.Tx {
				dir = "tx"
			}
			return Event{Switch: s.name, Port: p.name, Host: f.Host, Ring: f.Ring, Dir: dir, Reason: f.Reason}, true
		}
	}
	return Event{}, false
}
