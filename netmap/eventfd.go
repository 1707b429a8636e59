package netmap

import "golang.org/x/sys/unix"

// one is what is added to an eventfd to signal it.
var one = []byte{1, 0, 0, 0, 0, 0, 0, 0}

// kickSwitch ends the switch's sleep. The eventfd does not block: when it can't be counted up, it is
// signalled already.
func (p *Port) kickSwitch() {
	for {
		if _, err := unix.Write(p.kick, one); err != unix.EINTR {
			return
		}
	}
}

// clearWake takes the signal off the port's own eventfd.
func (p *Port) clearWake() {
	var count [8]byte
	for {
		if _, err := unix.Read(p.wake, count[:]); err != unix.EINTR {
			return
		}
	}
}
