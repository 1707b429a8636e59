package netmap

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/region"
	"github.com/valelab/valelab/netmap/internal/wire"
	"github.com/valelab/valelab/netmap/kernel"
)

// DefaultSocket is where a node finds the switch of its lab, unless the environment variable
// VALELAB_NETMAP names another socket.
const DefaultSocket = "/run/valelab/netmap.sock"

// How long, and how often, an open is tried again that may succeed in a moment.
const (
	restartTime = 2 * time.Second        // an agent that died is replaced within a second
	releaseTime = 200 * time.Millisecond // a ring whose program closed it or died is free within 100 ms
	openPause   = 10 * time.Millisecond
)

// Option changes what Open does.
type Option func(*options)

type options struct {
	socket   string
	only     bool // the socket was named: there is no other switch
	noTxPoll bool
}

// Socket makes Open use the switch at this path.
func Socket(path string) Option { return func(o *options) { o.socket, o.only = path, true } }

// NoTxPoll keeps Poll from syncing TX rings unless it is asked for Out (netmap(4): NR_NO_TX_POLL).
func NoTxPoll() Option { return func(o *options) { o.noTxPoll = true } }

// Open opens rings of the interface IF of this node:
//
//	netmap:IF     all NIC rings: the port's connection to the switch
//	netmap:IF^    the host rings: its connection to the kernel's stack
//	netmap:IF*    both
//	netmap:IF-N   NIC ring N only
//	valeX:PORT    a port of switch valeX, which are both made if they are not there
//
// Where there is no lab, it is the machine's own netmap module that opens them, if it is there.
//
// A suffix /T, /R or /x opens TX rings only, RX rings only, or exclusively. A ring is open in one program
// at a time; Open waits a moment for one that has just been closed, and for a lab's agent that is being
// replaced. The error wraps ErrName, ErrNoSwitch, ErrNoPort or ErrBusy where one of them is the cause.
func Open(name string, opts ...Option) (*Port, error) {
	o := options{socket: DefaultSocket}
	if path := os.Getenv("VALELAB_NETMAP"); path != "" {
		o.socket, o.only = path, true
	}
	for _, opt := range opts {
		opt(&o)
	}
	t, err := parseName(name)
	if err != nil {
		return nil, &Error{Op: "open", Port: name, Err: err,
			Hint: "write netmap:eth1, netmap:eth1^ (host rings), netmap:eth1* (both), netmap:eth1-0 (one ring) or vale1:x"}
	}
	if o.noTxPoll {
		t.flags |= abi.NR_NO_TX_POLL
	}
	open := func() (*Port, error) {
		p, err := register(name, t, o.socket)
		if errors.Is(err, fs.ErrNotExist) && !o.only {
			if device, derr := kernel.Open(); derr == nil {
				return registerDevice(name, t, device)
			}
		}
		return p, err
	}
	p, err := open()
	for begin := time.Now(); err != nil && time.Since(begin) < patience(err); {
		time.Sleep(openPause)
		p, err = open()
	}
	if err != nil {
		return nil, explain(name, t, o.socket, err)
	}
	p.noTxPoll = o.noTxPoll
	return p, nil
}

// register asks the switch for the rings and maps what it grants.
func register(name string, t target, socket string) (*Port, error) {
	q, err := wire.NewRequest(abi.NETMAP_REQ_REGISTER, t.iface)
	if err != nil {
		return nil, err
	}
	body := q.Register()
	body.Mode, body.RingID, body.Flags = t.mode, t.ringID, t.flags|abi.NR_EXCLUSIVE
	sock, err := wire.Dial(socket)
	if err != nil {
		return nil, err
	}
	r, fds, err := wire.Call(sock, q)
	if err == nil && r.Errno != 0 {
		err = r.Errno
	}
	if err != nil {
		unix.Close(sock)
		return nil, err
	}
	if r.Grant.Kind&abi.NMU_NATIVE != 0 {
		unix.Close(sock) // what is open is the descriptor's
		return newNative(name, t.iface, kernel.Device(fds[0]), *r.Grant)
	}
	memfd := os.NewFile(uintptr(fds[0]), t.iface)
	view, err := region.Map(memfd, *r.Grant)
	memfd.Close()
	if err != nil {
		unix.Close(sock)
		unix.Close(fds[1])
		unix.Close(fds[2])
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return newPort(name, view, sock, fds[1], fds[2]), nil
}

// patience is for how long an open that failed so is tried again.
func patience(err error) time.Duration {
	switch {
	case restarting(err):
		return restartTime
	case errors.Is(err, unix.EBUSY):
		return releaseTime
	}
	return 0
}

// restarting says whether an error is what a program sees while the lab's agent is being replaced.
func restarting(err error) bool {
	return errors.Is(err, unix.ECONNREFUSED) || errors.Is(err, unix.ECONNRESET) || errors.Is(err, unix.EPIPE)
}

// explain turns the failure of an open into what the user is told.
func explain(name string, t target, socket string, err error) error {
	e := &Error{Op: "open", Port: name, Err: err}
	switch {
	case errors.Is(err, unix.ENOENT), restarting(err):
		e.Err = fmt.Errorf("%w: %w", ErrNoSwitch, err)
		e.Hint = "run this in a node of a running lab: valelab exec NODE -- COMMAND"
	case errors.Is(err, unix.EAGAIN):
		e.Err = fmt.Errorf("%w: %s does not answer", ErrNoSwitch, socket)
	case errors.Is(err, unix.ENXIO):
		e.Err = fmt.Errorf("%w: %s", ErrNoPort, t.iface)
		e.Hint = "the lab file's links say which interfaces a node has"
	case errors.Is(err, unix.EINVAL):
		e.Err = fmt.Errorf("%w: %s has no such rings", ErrNoPort, t.iface)
	case errors.Is(err, unix.EPROTO):
		e.Err = fmt.Errorf("the lab's agent speaks another version of the protocol: %w", err)
		e.Hint = "build the program with the netmap package of the valelab that runs the lab"
	case errors.Is(err, unix.EBUSY):
		e.Err = ErrBusy
		e.Hint = "another program of this node has these rings open"
	}
	return e
}
