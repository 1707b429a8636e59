package netmap

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// Events says what Poll waits for and what it found.
type Events uint8

const (
	In  Events = 1 << iota // an RX ring has received something new
	Out                    // a TX ring has room
)

// Poll waits until one of the events is there, at most for the timeout; a negative timeout is none, and 0
// only looks. It returns the events among those asked for that are there: none after the timeout or an
// Interrupt.
//
// As in netmap(4), it first syncs: TX rings with committed slots always (unless NoTxPoll), all TX rings
// for Out, all RX rings for In. An event is there when a ring's cur is not its tail: unless Await said
// otherwise, when a slot is available.
//
// The error is ErrDetached when the port was taken away, also while Poll sleeps.
func (p *Port) Poll(events Events, timeout time.Duration) (Events, error) {
	if p.closed {
		return 0, p.fail("poll", ErrClosed)
	}
	if p.native != nil {
		return p.native.poll(events, timeout)
	}
	var deadline time.Time // from the first time on that nothing is there
	for {
		found, err := p.syncFor(events)
		if found != 0 || err != nil || timeout == 0 {
			return found, err
		}
		if p.interrupted.Swap(false) {
			return 0, nil
		}
		left := time.Duration(-1)
		if timeout > 0 {
			now := time.Now()
			if deadline.IsZero() {
				deadline = now.Add(timeout)
			}
			if left = deadline.Sub(now); left <= 0 {
				return 0, nil
			}
		}
		if err := p.sleep(events, left); err != nil {
			return 0, err
		}
	}
}

// syncFor does the syncs of a Poll and says what is there.
func (p *Port) syncFor(events Events) (found Events, err error) {
	for _, r := range p.tx {
		if events&Out != 0 || (!p.noTxPoll && r.head != r.known) {
			if err := r.sync(); err != nil {
				return 0, err
			}
		}
		if events&Out != 0 && r.ready() {
			found |= Out
		}
	}
	if events&In == 0 {
		return found, nil
	}
	for _, r := range p.rx {
		if err := r.sync(); err != nil {
			return 0, err
		}
		if r.ready() {
			found |= In
		}
	}
	return found, nil
}

// sleep blocks until the switch moves one of the rings asked for, a signal comes or the time has passed
// (negative: no limit). It returns at once if a ring has moved since the last sync.
func (p *Port) sleep(events Events, limit time.Duration) error {
	var watched [2][]*ring
	if events&Out != 0 {
		watched[0] = p.tx
	}
	if events&In != 0 {
		watched[1] = p.rx
	}
	if linger(watched, limit) {
		return nil
	}
	if p.sleeps++; p.sleeps == 0 {
		p.sleeps = 1
	}
	for _, rings := range watched {
		for _, r := range rings {
			// The store is a full fence before the loads of tail in anyMoved; the switch stores tail, fences
			// and loads wait. So either we see that it moved, or it sees that we sleep.
			r.mem.Ctl.Wait.Store(p.sleeps)
		}
	}
	var err error
	if !anyMoved(watched) {
		err = p.block(limit)
	}
	for _, rings := range watched {
		for _, r := range rings {
			r.mem.Ctl.Wait.Store(0)
		}
	}
	return err
}

// brief is how long a sleep lasts before Go's scheduler is told of it. Traffic ends a sleep sooner.
const brief = time.Millisecond

// block waits for a signal on wake, and for the end of the socket; a negative limit is none. It may return
// early, with nothing found.
func (p *Port) block(limit time.Duration) error {
	fds := [2]unix.PollFd{{Fd: int32(p.wake), Events: unix.POLLIN}, {Fd: int32(p.sock)}}
	short := brief
	if limit >= 0 {
		short = min(short, limit)
	}
	n, errno := blockBriefly(&fds, short)
	if n == 0 && errno == 0 && limit != short {
		if n, errno = blockLong(&fds, limit); errno != 0 {
			n = 0
		}
	}
	switch {
	case errno == unix.EINTR || n == 0 && errno == 0:
		return nil
	case errno != 0:
		return p.fail("poll", errno)
	}
	if fds[0].Revents != 0 {
		// Before the rings are looked at again: a signal that comes later ends the next sleep.
		p.clearWake()
	}
	if fds[1].Revents&(unix.POLLHUP|unix.POLLERR) != 0 {
		return p.fail("poll", ErrDetached)
	}
	return nil
}

// blockLong is ppoll; a negative limit is none.
func blockLong(fds *[2]unix.PollFd, limit time.Duration) (int, unix.Errno) {
	var ts *unix.Timespec
	if limit >= 0 {
		t := unix.NsecToTimespec(limit.Nanoseconds())
		ts = &t
	}
	n, err := unix.Ppoll(fds[:], ts, nil)
	var errno unix.Errno
	errors.As(err, &errno)
	return n, errno
}
