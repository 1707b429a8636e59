package tap

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// packetRing is a packet socket on a device with a ring of frames, into which the kernel copies at once: frames that
// are queued for a socket share their bytes with the module's, which writes the next ones there.
type packetRing struct {
	fd    int
	mem   []byte
	frame int // bytes of a place
	next  int // place
	lost  uint64
}

// ringBytes is the size of a ring. A block of it holds whole places.
const (
	ringBytes = 4 << 20
	ringBlock = 1 << 16
)

// newPacketRing opens the ring on a device of the calling thread's network namespace, for frames of this many bytes
// at most; more of a frame is cut off.
func newPacketRing(ifIndex, longest int) (*packetRing, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("packet socket: %w", err)
	}
	r := &packetRing{fd: fd, frame: 2048}
	for r.frame < longest+frameRoom && r.frame < ringBlock {
		r.frame *= 2
	}
	if err := r.open(ifIndex); err != nil {
		return nil, fmt.Errorf("packet socket on interface %d: %w", ifIndex, errors.Join(err, r.close()))
	}
	return r, nil
}

// frameRoom is what a place needs beside a frame: its header, the address behind that, and what aligns the frame.
const frameRoom = 128

func (r *packetRing) open(ifIndex int) error {
	if err := unix.SetsockoptInt(r.fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V2); err != nil {
		return fmt.Errorf("PACKET_VERSION: %w", err)
	}
	request := unix.TpacketReq{
		Block_size: ringBlock, Block_nr: ringBytes / ringBlock, Frame_size: uint32(r.frame), Frame_nr: uint32(ringBytes / r.frame),
	}
	if err := unix.SetsockoptTpacketReq(r.fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &request); err != nil {
		return fmt.Errorf("PACKET_RX_RING: %w", err)
	}
	var err error
	if r.mem, err = unix.Mmap(r.fd, 0, ringBytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != nil {
		return fmt.Errorf("mmap: %w", err)
	}
	const all = uint16(unix.ETH_P_ALL)
	if err := unix.Bind(r.fd, &unix.SockaddrLinklayer{Protocol: all<<8 | all>>8, Ifindex: ifIndex}); err != nil {
		return fmt.Errorf("bind: %w", err)
	}
	return nil
}

// packet is a frame that a device has got or sent.
type packet struct {
	time time.Time
	sent bool // by the device
	len  int
	data []byte
	tag  [4]byte // the VLAN tag that is missing after the addresses; 0: none
}

// Where things stand in a place of the ring, as in struct tpacket2_hdr and the struct sockaddr_ll behind it.
const (
	atStatus, atLen, atCaught, atMAC, atSec, atNsec, atTCI, atTPID = 0, 4, 8, 12, 16, 20, 24, 26
	atPacketType                                                   = 32 + 10
)

// drain hands over all frames that there are. One is valid until the function that got it returns.
func (r *packetRing) drain(emit func(p *packet)) {
	var p packet
	for range ringBytes / r.frame {
		place := r.mem[r.next*r.frame : (r.next+1)*r.frame]
		// Acquire: pairs with the kernel's release of the place, which it has filled before.
		status := (*uint32)(unsafe.Pointer(unsafe.SliceData(place[atStatus:])))
		is := atomic.LoadUint32(status)
		if is&unix.TP_STATUS_USER == 0 {
			return
		}
		word, half := binary.NativeEndian.Uint32, binary.NativeEndian.Uint16
		mac, caught := int(half(place[atMAC:])), int(word(place[atCaught:]))
		p = packet{
			time: time.Unix(int64(word(place[atSec:])), int64(word(place[atNsec:]))), len: int(word(place[atLen:])),
			sent: place[atPacketType] == unix.PACKET_OUTGOING, data: place[mac : mac+caught],
		}
		if is&unix.TP_STATUS_VLAN_VALID != 0 {
			tpid := uint16(unix.ETH_P_8021Q)
			if is&unix.TP_STATUS_VLAN_TPID_VALID != 0 {
				tpid = half(place[atTPID:])
			}
			binary.BigEndian.PutUint16(p.tag[:], tpid)
			binary.BigEndian.PutUint16(p.tag[2:], half(place[atTCI:]))
		}
		emit(&p)
		atomic.StoreUint32(status, unix.TP_STATUS_KERNEL) // release: the frame has been read before
		r.next = (r.next + 1) % (ringBytes / r.frame)
	}
}

// drops is how many frames found no room in the ring.
func (r *packetRing) drops() uint64 {
	if stats, err := unix.GetsockoptTpacketStats(r.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS); err == nil {
		r.lost += uint64(stats.Drops) // the kernel begins anew
	}
	return r.lost
}

// clear takes the error off the socket that the end of its device leaves there.
func (r *packetRing) clear() { _, _ = unix.GetsockoptInt(r.fd, unix.SOL_SOCKET, unix.SO_ERROR) }

func (r *packetRing) close() error {
	var err error
	if r.mem != nil {
		err = unix.Munmap(r.mem)
	}
	return errors.Join(err, unix.Close(r.fd))
}
