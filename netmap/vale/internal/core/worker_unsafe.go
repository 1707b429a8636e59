package core

/*
#cgo CFLAGS: -O2 -Wall -Wextra -Werror -I${SRCDIR}/../../../internal/abi
#include "core.h"
*/
import "C"

import (
	"fmt"
	"time"
	"unsafe"

	// The header that the C files include: a change of it must rebuild this package.
	_ "github.com/valelab/valelab/netmap/internal/abi"
)

// Worker moves the frames of its switches.
type Worker struct{ c *C.struct_vale_worker }

// NewWorker makes a worker, which has nothing to do yet.
func NewWorker() (*Worker, error) {
	c, err := C.vale_worker_new()
	if c == nil {
		return nil, fmt.Errorf("worker: %w", err)
	}
	return &Worker{c}, nil
}

// Free ends the worker. Its switches are freed already.
func (w *Worker) Free() { C.vale_worker_free(w.c) }

// Run moves frames, and sleeps while there are none, until Interrupt is called or a port breaks the rules.
func (w *Worker) Run() { C.vale_worker_run(w.c) }

// Step looks at every source once, without sleeping, and returns the number of frames it took. It is for
// those who drive a worker by hand instead of calling Run.
func (w *Worker) Step() int { return int(C.vale_worker_step(w.c)) }

// Interrupt makes Run return, now or when it is next called, until as many calls of Release take it back.
// Any goroutine may call both at any time.
func (w *Worker) Interrupt() { C.vale_worker_interrupt(w.c) }

// Release takes one Interrupt back.
func (w *Worker) Release() { C.vale_worker_release(w.c) }

// SetSpin says how long to look for more after a busy time. Any goroutine may call it at any time.
func (w *Worker) SetSpin(d time.Duration) { C.vale_worker_set_spin(w.c, C.uint64_t(d)) }

// PortID tells ports apart; that of a freed port may come again.
type PortID uintptr

// Fault says how a port broke the rules.
type Fault struct {
	Port     PortID
	Tx, Host bool
	Ring     int
	Reason   string
}

// Broken returns the ports that broke the rules since the last call.
func (w *Worker) Broken() []Fault {
	var faults []Fault
	for {
		p := C.vale_worker_take_broken(w.c)
		if p == nil {
			return faults
		}
		f := C.vale_port_fault(p)
		faults = append(faults, Fault{
			Port:   PortID(unsafe.Pointer(p)),
			Tx:     bool(f.tx),
			Host:   bool(f.host),
			Ring:   int(f.ring),
			Reason: C.GoString(f.reason),
		})
	}
}
