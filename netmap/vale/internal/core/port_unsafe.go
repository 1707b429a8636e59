package core

// #include "core.h"
import "C"

import "unsafe"

// Switch is a switch of a worker.
type Switch struct {
	c     *C.struct_vale_switch
	state *State
}

// NewSwitch makes a switch over its state, which must outlive it.
func (w *Worker) NewSwitch(state *State) (*Switch, error) {
	c, err := C.vale_switch_new(w.c, state.c)
	if c == nil {
		return nil, err
	}
	return &Switch{c, state}, nil
}

// Free ends the switch. Its ports are freed already.
func (s *Switch) Free() { C.vale_switch_free(s.c) }

// Port is a port of a switch.
type Port struct{ c *C.struct_vale_port }

// NewSocket makes the port with this index on an AF_PACKET socket, which stays the caller's. mtu is in bytes
// of Ethernet payload.
func (s *Switch) NewSocket(index, sock, mtu int) (*Port, error) {
	c, err := C.vale_socket_new(s.c, C.uint32_t(index), C.int(sock), C.uint32_t(mtu))
	if c == nil {
		return nil, err
	}
	return &Port{c}, nil
}

// Rebind gives a socket port another socket, which stays the caller's as the one before does.
func (p *Port) Rebind(sock, mtu int) error {
	if r, err := C.vale_socket_rebind(p.c, C.int(sock), C.uint32_t(mtu)); r != 0 {
		return err
	}
	return nil
}

// NewPlain makes the port with this index, which has nothing but the rings of its opens.
func (s *Switch) NewPlain(index int) (*Port, error) {
	c, err := C.vale_plain_new(s.c, C.uint32_t(index))
	if c == nil {
		return nil, err
	}
	return &Port{c}, nil
}

// ConnectTrunk links two ports of two switches: what one switch sends to its port comes out of the other's, past what
// else the ports have. Nobody has them open. Both workers stand still.
func ConnectTrunk(a, b *Port) error {
	if r, err := C.vale_trunk_connect(a.c, b.c); r != 0 {
		return err
	}
	return nil
}

// DisconnectTrunk undoes ConnectTrunk. Frames inside are lost. Both workers stand still.
func DisconnectTrunk(a, b *Port) { C.vale_trunk_disconnect(a.c, b.c) }

// ConnectStack links the socket of a port that has a trunk, or is to have one, with a port of another switch. Both
// workers stand still.
func ConnectStack(a, b *Port) error {
	if r, err := C.vale_stack_connect(a.c, b.c); r != 0 {
		return err
	}
	return nil
}

// DisconnectStack undoes ConnectStack. Frames inside are lost. Both workers stand still.
func DisconnectStack(a, b *Port) { C.vale_stack_disconnect(a.c, b.c) }

// ConnectPipe makes a pipe of two ports of one switch. Their rings, all of them, are open and fit each other.
func ConnectPipe(a, b *Port) { C.vale_pipe_connect(a.c, b.c) }

// StartMonitor makes the port, which has no rings yet, a monitor of another one of the same worker: of what that
// sends, receives or both. zcopy: it lies in the region of the other.
func (p *Port) StartMonitor(of *Port, tx, rx, zcopy bool) error {
	if r, err := C.vale_monitor_start(p.c, of.c, C.bool(tx), C.bool(rx), C.bool(zcopy)); r != 0 {
		return err
	}
	return nil
}

// StopMonitor undoes StartMonitor, before either port is freed.
func (p *Port) StopMonitor() { C.vale_monitor_stop(p.c) }

// ID is the port's identity in a Fault.
func (p *Port) ID() PortID { return PortID(unsafe.Pointer(p.c)) }

// Free ends the port. Its opens are closed and its trunk is disconnected already.
func (p *Port) Free() { C.vale_port_free(p.c) }

// Broken says whether the port has broken the rules since it came into netmap mode.
func (p *Port) Broken() bool { return bool(C.vale_port_broken(p.c)) }

// SetHeader says that each frame in the port's NIC rings has a virtio-net header of n bytes before it: 0, 10 or 12. The
// switch's state keeps it.
func (p *Port) SetHeader(n int) { C.vale_port_set_header(p.c, C.uint32_t(n)) }

// SetNetmap puts the port into netmap mode, with this many NIC rings that receive, or into socket mode.
func (p *Port) SetNetmap(on bool, rxRings int) {
	C.vale_port_set_netmap(p.c, C.bool(on), C.uint32_t(rxRings))
}
