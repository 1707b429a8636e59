package netmap

import "golang.org/x/sys/unix"

// kickSwitch ends the switch's sleep. The eventfd does not block: when it can't be counted up, it is
// signalled already.
func (p *Port) kickSwitch() { signal(p.kick) }

func signal(fd int) {
	one := [8]byte{1}
	for writeWord(fd, &one) == unix.EINTR {
	}
}

// clearWake takes all signals off the port's own descriptor, which is readable. There is one for each ring that
// has moved; where it is a pipe, as package vale makes it, each is 8 bytes.
func (p *Port) clearWake() {
	var signals [512]byte
	for readSome(p.wake, &signals) == unix.EINTR {
	}
}
