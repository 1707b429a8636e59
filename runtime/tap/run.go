package tap

import (
	"time"

	"golang.org/x/sys/unix"
)

// run collects frames whenever there are some, until the capture ends.
func (c *Capture) run() {
	defer close(c.done)
	var fds []unix.PollFd
	for {
		c.mu.Lock()
		if c.ended {
			c.mu.Unlock()
			return
		}
		c.collect()
		wait := -1
		fds = append(fds[:0], unix.PollFd{Fd: int32(c.kick), Events: unix.POLLIN})
		for _, p := range c.points {
			fds = append(fds, unix.PollFd{Fd: int32(p.ring.fd), Events: unix.POLLIN})
		}
		for _, p := range c.points {
			for _, m := range p.monitors {
				fds, wait = append(fds, unix.PollFd{Fd: int32(m.FD()), Events: unix.POLLIN}), impatience
			}
		}
		c.mu.Unlock()
		// A monitor that is closed meanwhile is polled nevertheless; what comes of it is not looked at.
		if _, err := unix.Poll(fds, wait); err != nil {
			continue // EINTR
		}
		if fds[0].Revents != 0 {
			var count [8]byte
			_, _ = unix.Read(c.kick, count[:])
		}
		for i, p := range c.points {
			if fds[1+i].Revents&unix.POLLERR != 0 {
				p.ring.clear()
			}
		}
	}
}

// collect takes all frames that there are into the queue. The lock is held.
func (c *Capture) collect() {
	for i, p := range c.points {
		p.ring.drain(func(f *packet) {
			if p.gate.at(f.time) {
				c.putPacket(i, f)
			}
		})
		p.collectMonitors(func(sent bool, frame []byte) {
			c.queue.put(record{point: i, time: time.Now(), sent: sent, len: len(frame)}, frame)
		})
	}
}

// putPacket queues a frame of a device, with its VLAN tag where that belongs. What the device has got, a node has sent
// into the switch.
func (c *Capture) putPacket(i int, f *packet) {
	r := record{point: i, time: f.time, sent: f.sent == c.points[i].host, len: f.len}
	if f.tag == [4]byte{} || len(f.data) < 12 {
		c.queue.put(r, f.data)
		return
	}
	r.len += len(f.tag)
	c.queue.put(r, f.data[:12], f.tag[:], f.data[12:])
}

// collectMonitors reads the monitors and drops those that have ended.
func (p *point) collectMonitors(emit func(sent bool, frame []byte)) {
	live := p.monitors[:0]
	for _, m := range p.monitors {
		fd := []unix.PollFd{{Fd: int32(m.FD()), Events: unix.POLLIN}}
		if _, err := unix.Poll(fd, 0); err == nil && fd[0].Revents&unix.POLLERR != 0 {
			m.ReadLast(emit)
			_ = m.Close() // of a port that is no more
			continue
		}
		if fd[0].Revents&unix.POLLIN != 0 {
			m.Read(emit)
		}
		live = append(live, m)
	}
	clear(p.monitors[len(live):])
	p.monitors = live
}
