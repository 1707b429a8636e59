package pcapng

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// ErrFormat says that what was read is not what a Writer writes.
var ErrFormat = errors.New("not a pcapng section of this kind")

// maxBlock bounds a block: a packet of the largest snap length, and some.
const maxBlock = 1 << 20

// Reader reads blocks whole, so that they can be passed on.
type Reader struct {
	r     *bufio.Reader
	block []byte
}

// NewReader returns a reader of r.
func NewReader(r io.Reader) *Reader { return &Reader{r: bufio.NewReaderSize(r, 64<<10)} }

// Next returns the type of the next block and all of its bytes, valid until the next call. The error is
// io.EOF at the end, and io.ErrUnexpectedEOF in the midst of a block.
func (r *Reader) Next() (kind uint32, block []byte, err error) {
	var head [8]byte
	if _, err := io.ReadFull(r.r, head[:]); err != nil {
		return 0, nil, err
	}
	kind, n := binary.LittleEndian.Uint32(head[:]), binary.LittleEndian.Uint32(head[4:])
	if n < 12 || n%4 != 0 || n > maxBlock {
		return 0, nil, fmt.Errorf("%w: block of %d bytes", ErrFormat, n)
	}
	if uint32(cap(r.block)) < n {
		r.block = make([]byte, n)
	}
	r.block = r.block[:n]
	copy(r.block, head[:])
	if _, err := io.ReadFull(r.r, r.block[8:]); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return 0, nil, err
	}
	if binary.LittleEndian.Uint32(r.block[n-4:]) != n {
		return 0, nil, fmt.Errorf("%w: the two lengths of a block differ", ErrFormat)
	}
	return kind, r.block, nil
}

// Packet is an enhanced packet block.
type Packet struct {
	Interface int
	Time      time.Time
	Direction Direction
	Len       int // of the packet
	Data      []byte
}

// ParsePacket takes an enhanced packet block apart; Data is part of it.
func ParsePacket(block []byte) (p Packet, err error) {
	if len(block) < 32 {
		return p, ErrFormat
	}
	u32 := func(at int) uint32 { return binary.LittleEndian.Uint32(block[at:]) }
	n := uint64(u32(20))
	end := 28 + (n+3)&^3
	if end+4 > uint64(len(block)) {
		return p, ErrFormat
	}
	p = Packet{Interface: int(u32(8)), Len: int(u32(24)), Data: block[28 : 28+n]}
	p.Time = time.Unix(0, int64(uint64(u32(12))<<32|uint64(u32(16))))
	err = options(block[end:len(block)-4], func(code uint16, value []byte) {
		if code == optFlags && len(value) == 4 {
			p.Direction = Direction(binary.LittleEndian.Uint32(value) & 3)
		}
	})
	return p, err
}

// Interface is an interface block.
type Interface struct {
	Name, Description, Filter string
	Snaplen                   int
	Nanoseconds               bool
}

// ParseInterface takes an interface block apart.
func ParseInterface(block []byte) (i Interface, err error) {
	if len(block) < 20 {
		return i, ErrFormat
	}
	i.Snaplen = int(binary.LittleEndian.Uint32(block[12:]))
	err = options(block[16:len(block)-4], func(code uint16, value []byte) {
		switch code {
		case optName:
			i.Name = string(value)
		case optDescription:
			i.Description = string(value)
		case optResolution:
			i.Nanoseconds = len(value) == 1 && value[0] == nanoseconds
		case optFilter:
			if len(value) > 0 {
				i.Filter = string(value[1:])
			}
		}
	})
	return i, err
}

// ParseStatistics takes an interface statistics block apart.
func ParseStatistics(block []byte) (iface int, s Statistics, err error) {
	if len(block) < 24 {
		return 0, s, ErrFormat
	}
	fields := map[uint16]*uint64{optReceived: &s.Received, optLost: &s.Lost, optAccepted: &s.Accepted, optDelivered: &s.Delivered}
	err = options(block[20:len(block)-4], func(code uint16, value []byte) {
		if to := fields[code]; to != nil && len(value) == 8 {
			*to = binary.LittleEndian.Uint64(value)
		}
	})
	return int(binary.LittleEndian.Uint32(block[8:])), s, err
}

// options calls each for every option.
func options(b []byte, each func(code uint16, value []byte)) error {
	for len(b) >= 4 {
		code, n := binary.LittleEndian.Uint16(b), int(binary.LittleEndian.Uint16(b[2:]))
		if code == optEnd {
			return nil
		}
		if 4+(n+3)&^3 > len(b) {
			return ErrFormat
		}
		each(code, b[4:4+n])
		b = b[4+(n+3)&^3:]
	}
	return nil
}
