package core

// #include "core.h"
import "C"

import (
	"errors"
	"sync/atomic"
	"unsafe"
)

// Sizes of a switch.
const (
	MaxPorts = C.VALE_PORTS
	MaxRings = C.VALE_RINGS    // NIC rings of a port, each way
	MaxName  = C.VALE_NAME - 1 // bytes of a port's name
)

// StateSize is the size of the state of a switch in bytes.
const StateSize = int(C.sizeof_struct_vale_state)

// ErrState says that memory does not hold the state of a switch.
var ErrState = errors.New("not the state of a switch of this version")

// State is the persistent state of a switch. Counters may be read at any time; the rest is touched only as
// the package's comment says.
type State struct{ c *C.struct_vale_state }

// NewState makes mem, StateSize bytes of zeros, the state of a switch. It is used as long as the State is.
func NewState(mem []byte, wire bool) *State {
	c := (*C.struct_vale_state)(unsafe.Pointer(unsafe.SliceData(mem[:StateSize])))
	c.magic = C.VALE_STATE_MAGIC
	c.version = C.VALE_STATE_VERSION
	c.size = C.uint32_t(StateSize)
	if wire {
		c.wire = 1
	}
	return &State{c}
}

// LoadState takes over mem, which another State has left. The error is ErrState.
func LoadState(mem []byte, wire bool) (*State, error) {
	if len(mem) < StateSize {
		return nil, ErrState
	}
	c := (*C.struct_vale_state)(unsafe.Pointer(unsafe.SliceData(mem)))
	if c.magic != C.VALE_STATE_MAGIC || c.version != C.VALE_STATE_VERSION || c.size != C.uint32_t(StateSize) ||
		(c.wire == 1) != wire {
		return nil, ErrState
	}
	return &State{c}, nil
}

// Name is the name of the port that has the index, or had it when the state was left; empty: none.
func (s *State) Name(index int) string {
	name := &s.c.port[index].name
	for i, b := range name {
		if b == 0 {
			return C.GoStringN(&name[0], C.int(i))
		}
	}
	return ""
}

// Header is what SetHeader said of the port that has the index.
func (s *State) Header(index int) int { return int(s.c.port[index].header) }

// Claim gives the index to a new port: its counters start from zero, the MAC table has nothing of it.
func (s *State) Claim(index int, name string) {
	s.Forget(index)
	for i := range min(len(name), MaxName) {
		s.c.port[index].name[i] = C.char(name[i])
	}
}

// Forget frees the index.
func (s *State) Forget(index int) { C.vale_port_forget(s.c, C.uint32_t(index)) }

// RingID names a ring of a port.
type RingID struct {
	Tx, Host bool
	Ring     int
}

func (s *State) ring(port int, id RingID) *C.struct_vale_ring_state {
	i := 2*id.Ring + 2
	switch {
	case id.Host && id.Ring == 0:
		i = 0
	case id.Host:
		i = 2*(C.VALE_RINGS-id.Ring) + 2
	}
	if !id.Tx {
		i++
	}
	return &s.c.port[port].ring[i]
}

// Position is the slot that a ring stands at; while the ring is open it moves. For one that nobody has open it is
// where the next open begins.
func (s *State) Position(port int, id RingID) int { return int(s.ring(port, id).pos) }

// Rewind sets the rings of a port, which nobody has open, to their first slots.
func (s *State) Rewind(port int) { C.vale_port_rewind(s.c, C.uint32_t(port)) }

// Counters of one ring.
type Counters struct {
	Packets, Bytes uint64
	Drops          [C.VALE_DROPS]uint64 // by Drop
	Syncs          uint64               // of opens that are over
	SyncsStart     uint32               // the control block's count when the open began
	Wakeups        uint64
	Stalls         uint64
}

// Indices of Counters.Drops.
const (
	DropFull   = C.VALE_DROP_FULL
	DropRunt   = C.VALE_DROP_RUNT
	DropBad    = C.VALE_DROP_BAD
	DropClosed = C.VALE_DROP_CLOSED
	DropTooBig = C.VALE_DROP_TOO_BIG
	DropNoPort = C.VALE_DROP_NO_PORT
	DropSocket = C.VALE_DROP_SOCKET
	DropKernel = C.VALE_DROP_KERNEL
)

// Counters reads the counters of a ring. It may be called at any time.
func (s *State) Counters(port int, id RingID) (c Counters) {
	r := s.ring(port, id)
	load := func(p *C.uint64_t) uint64 { return atomic.LoadUint64((*uint64)(p)) }
	c.Packets, c.Bytes = load(&r.packets), load(&r.bytes)
	for i := range c.Drops {
		c.Drops[i] = load(&r.drops[i])
	}
	c.Syncs, c.Wakeups, c.Stalls = load(&r.syncs), load(&r.wakeups), load(&r.stalls)
	c.SyncsStart = atomic.LoadUint32((*uint32)(&r.syncs_start))
	return c
}
