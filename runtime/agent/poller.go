package agent

import (
	"fmt"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// poller tells when files become readable or end. One goroutine waits for all
// of them, so that a thousand nodes cost one stack. It is safe for concurrent
// use.
type poller struct {
	file *os.File // the epoll instance, itself watched by the Go runtime

	mu    sync.Mutex
	last  int32
	ready map[int32]func()
}

// newPoller returns a poller without files. Run must be called.
func newPoller() (*poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err == nil {
		err = unix.SetNonblock(fd, true) // so that package os has the runtime watch it
	}
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	return &poller{file: os.NewFile(uintptr(fd), "epoll"), ready: make(map[int32]func())}, nil
}

// watch is one file that a poller watches.
type watch struct {
	poller *poller
	fd     int
	id     int32
}

// add has ready called each time that fd is readable or has ended, until the
// watch is stopped. Calls come one after the other from the poller's
// goroutine, again as long as the cause stays; ready must not block.
func (p *poller) add(fd int, ready func()) (*watch, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last++
	w := &watch{poller: p, fd: fd, id: p.last}
	p.ready[w.id] = ready
	if err := p.control(unix.EPOLL_CTL_ADD, w, unix.EPOLLIN|unix.EPOLLRDHUP); err != nil {
		delete(p.ready, w.id)
		return nil, err
	}
	return w, nil
}

// stop ends the calls, except one that runs. The file must still be open. A
// nil watch is fine.
func (w *watch) stop() {
	if w == nil {
		return
	}
	w.poller.mu.Lock()
	delete(w.poller.ready, w.id)
	w.poller.mu.Unlock()
	// It fails only for a file that is not watched, which is what is wanted.
	_ = w.poller.control(unix.EPOLL_CTL_DEL, w, 0)
}

func (p *poller) control(op int, w *watch, events uint32) error {
	raw, err := p.file.SyscallConn()
	if err != nil {
		return err
	}
	var fault error
	err = raw.Control(func(epfd uintptr) {
		// Fd is the user's data: an id, since a number of a file may come back.
		fault = unix.EpollCtl(int(epfd), op, w.fd, &unix.EpollEvent{Events: events, Fd: w.id})
	})
	if err == nil && fault != nil {
		err = fmt.Errorf("epoll_ctl: %w", fault)
	}
	return err
}

// run makes the calls until close.
func (p *poller) run() {
	raw, err := p.file.SyscallConn()
	if err != nil {
		return // closed already
	}
	events := make([]unix.EpollEvent, 64)
	for {
		n := 0
		err := raw.Read(func(epfd uintptr) bool {
			n, _ = unix.EpollWait(int(epfd), events, 0)
			return n > 0
		})
		if err != nil {
			return
		}
		// Ends first: what a program has closed before it made a request is closed before that is answered.
		p.call(events[:n], func(e *unix.EpollEvent) bool { return e.Events&ends != 0 })
		p.call(events[:n], func(e *unix.EpollEvent) bool { return e.Events&ends == 0 })
	}
}

const ends = unix.EPOLLHUP | unix.EPOLLRDHUP

// call makes the calls for those of the events that are wanted.
func (p *poller) call(events []unix.EpollEvent, wanted func(*unix.EpollEvent) bool) {
	for i := range events {
		if !wanted(&events[i]) {
			continue
		}
		p.mu.Lock()
		ready := p.ready[events[i].Fd]
		p.mu.Unlock()
		if ready != nil {
			ready()
		}
	}
}

// close ends run.
func (p *poller) close() { _ = p.file.Close() }
