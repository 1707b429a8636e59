package vale

import (
	"runtime"

	"github.com/valelab/valelab/netmap/vale/internal/core"
)

// worker runs a core.Worker on an OS thread of its own. That thread alone touches the C structures, so
// control operations are functions that it runs between two passes. The engine's lock sees to it that there
// is one at a time.
type worker struct {
	core     *core.Worker
	report   func(fault)
	calls    chan call
	ended    chan struct{}
	running  bool
	switches int // placed here; under the engine's lock
}

type call struct {
	run  func()
	done chan struct{}
	last bool
}

func newWorker(report func(fault)) (*worker, error) {
	c, err := core.NewWorker()
	if err != nil {
		return nil, err
	}
	return &worker{core: c, report: report, calls: make(chan call, 1), ended: make(chan struct{})}, nil
}

// start gives the worker its thread.
func (w *worker) start() {
	w.running = true
	go w.loop()
}

func (w *worker) loop() {
	// Never unlocked: the thread ends with the goroutine.
	runtime.LockOSThread()
	defer close(w.ended)
	for {
		// Run takes no part in Go's scheduling, whether it forwards or sleeps.
		w.core.Run()
		w.reportBroken()
		select {
		case c := <-w.calls:
			w.core.Release()
			c.run()
			close(c.done)
			if c.last {
				return
			}
		default:
		}
	}
}

func (w *worker) reportBroken() {
	for _, f := range w.core.Broken() {
		w.report(fault{f, w})
	}
}

// do has the worker's thread run f and waits for it.
func (w *worker) do(f func()) { w.send(call{run: f, done: make(chan struct{})}) }

func (w *worker) send(c call) {
	if !w.running {
		c.run()
		return
	}
	w.calls <- c
	w.core.Interrupt()
	<-c.done
}

// end stops the thread and frees the worker.
func (w *worker) end() {
	if w.running {
		w.send(call{run: func() {}, done: make(chan struct{}), last: true})
		<-w.ended
	}
	w.core.Free()
}
