package kernel

import (
	"errors"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/region"
)

// monitorSlots is the size of a monitor's rings, the largest that the module makes: what comes between two reads and
// has no room there is lost, and the module says nothing of it.
const monitorSlots = abi.NMU_MAX_SLOTS

// Monitor gets a copy of every frame that a program sends or receives on the NIC rings of a port. It does not hold
// the port: that goes with its programs, and the monitor has ended then. One goroutine uses it.
type Monitor struct {
	device Device
	mem    []byte
	rings  []*region.Ring
	frame  []byte // of several slots
}

// OpenMonitor opens a monitor of a port, SWITCH:PORT, which a program must have open: EINVAL otherwise.
func OpenMonitor(port string) (*Monitor, error) {
	device, err := Open()
	if err != nil {
		return nil, err
	}
	m := &Monitor{device: device}
	if err := m.open(port); err != nil {
		return nil, refused("monitor", port, errors.Join(err, m.Close()))
	}
	return m, nil
}

func (m *Monitor) open(port string) error {
	want := Register{Mode: abi.NR_REG_ALL_NIC, RxSlots: monitorSlots, Flags: abi.NR_MONITOR_TX | abi.NR_MONITOR_RX}
	if _, err := control(m.device, abi.NETMAP_REQ_REGISTER, port, &want); err != nil {
		return err
	}
	var err error
	m.mem, err = unix.Mmap(int(m.device), 0, int(want.Memsize), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return err
	}
	m.rings, err = region.DeviceRings(m.mem, want.Offset)
	return err
}

// FD is to be polled: POLLIN says that there are frames, POLLERR that the port has ended. That wakes nobody: a poll
// needs a limit.
func (m *Monitor) FD() int { return int(m.device) }

// Read hands over the frames that the last poll has found: what the program has sent, and what it got. A frame is
// valid until the function that got it returns.
func (m *Monitor) Read(emit func(sent bool, frame []byte)) {
	for _, r := range m.rings {
		m.drain(r, emit)
	}
}

// ReadLast hands over what there was when the port ended, which no poll finds any more.
func (m *Monitor) ReadLast(emit func(sent bool, frame []byte)) {
	for _, r := range m.rings {
		m.drain(r, emit)
		n, end := uint32(len(r.Array)), r.Header.Head
		for range n - 1 {
			if end >= n || untouched(r, end) {
				break
			}
			end = (end + 1) % n
		}
		r.Header.Tail = end
		m.drain(r, emit)
	}
}

// drain empties a ring; the slots go back to the module at the next poll.
func (m *Monitor) drain(r *region.Ring, emit func(sent bool, frame []byte)) {
	n, head, tail := uint32(len(r.Array)), r.Header.Head, r.Header.Tail
	if head >= n || tail >= n {
		return
	}
	m.frame = m.frame[:0]
	for i := head; i != tail; i = (i + 1) % n {
		slot := &r.Array[i]
		part, more := r.Bytes(slot), slot.Flags&abi.NS_MOREFRAG != 0
		if more || len(m.frame) > 0 {
			m.frame = append(m.frame, part...)
			part = m.frame
		}
		if !more && len(part) > 0 { // the module leaves slots empty that it did not need
			emit(slot.Flags&abi.NS_TXMON != 0, part)
		}
		if !more {
			m.frame = m.frame[:0]
		}
		slot.Len, slot.Flags = uint16(r.BufSize()), 0
	}
	r.Header.Head, r.Header.Cur = tail, tail
}

// untouched says whether a slot is as it was when the ring was made, or was given back. The module writes the length and
// the flags of one that it fills; there is a flag for each frame that was sent, and a number of slots in those of each
// that came.
func untouched(r *region.Ring, i uint32) bool {
	return int(r.Array[i].Len) == r.BufSize() && r.Array[i].Flags == 0
}

// Close gives everything back.
func (m *Monitor) Close() error {
	var err error
	if m.mem != nil {
		err = unix.Munmap(m.mem)
	}
	return errors.Join(err, m.device.Close())
}
