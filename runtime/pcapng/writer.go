package pcapng

import (
	"encoding/binary"
	"io"
	"time"
)

// The types of the blocks.
const (
	SectionHeader       = 0x0a0d0d0a
	InterfaceBlock      = 1
	InterfaceStatistics = 5
	EnhancedPacket      = 6
)

// Options of the blocks that are written.
const (
	optEnd = 0

	optApp = 4

	optName        = 2
	optDescription = 3
	optResolution  = 9
	optFilter      = 11

	optFlags = 2

	optReceived  = 4
	optLost      = 5
	optAccepted  = 6
	optDelivered = 8
)

// nanoseconds says that stamps count 10^-9 seconds.
const nanoseconds = 9

const (
	byteOrder    = 0x1a2b3c4d
	linkEthernet = 1
)

// A Direction is which way a packet went, as seen from its interface.
type Direction uint32

// The directions.
const (
	Inbound  Direction = 1
	Outbound Direction = 2
)

// Writer writes one section. After an error it writes no more and returns the same error.
type Writer struct {
	w   io.Writer
	buf []byte
	err error
}

// NewWriter begins a section. app is the program that captures.
func NewWriter(w io.Writer, app string) *Writer {
	out := &Writer{w: w}
	out.begin(SectionHeader)
	out.u32(byteOrder)
	out.u16(1) // version 1.0
	out.u16(0)
	out.u64(1<<64 - 1) // the length of the section is not known
	out.option(optApp, []byte(app))
	out.end()
	return out
}

// Interface adds an interface; the first is number 0.
func (w *Writer) Interface(name, description, filter string, snaplen int) error {
	w.begin(InterfaceBlock)
	w.u16(linkEthernet)
	w.u16(0)
	w.u32(uint32(snaplen))
	w.option(optName, []byte(name))
	if description != "" {
		w.option(optDescription, []byte(description))
	}
	w.option(optResolution, []byte{nanoseconds})
	if filter != "" {
		w.option(optFilter, append([]byte{0}, filter...)) // 0: as text
	}
	return w.end()
}

// Packet adds a packet of which data was captured and whose length was n.
func (w *Writer) Packet(iface int, at time.Time, d Direction, n int, data []byte) error {
	w.begin(EnhancedPacket)
	w.u32(uint32(iface))
	w.stamp(at)
	w.u32(uint32(len(data)))
	w.u32(uint32(n))
	w.bytes(data)
	w.option(optFlags, binary.LittleEndian.AppendUint32(nil, uint32(d)))
	return w.end()
}

// Statistics are what a capture knows of an interface.
type Statistics struct {
	Received  uint64 // that came by
	Lost      uint64 // for which the capture had no room
	Accepted  uint64 // by the filter
	Delivered uint64 // written
}

// Statistics adds the statistics of an interface.
func (w *Writer) Statistics(iface int, at time.Time, s Statistics) error {
	w.begin(InterfaceStatistics)
	w.u32(uint32(iface))
	w.stamp(at)
	for _, o := range []struct {
		code  uint16
		value uint64
	}{{optReceived, s.Received}, {optLost, s.Lost}, {optAccepted, s.Accepted}, {optDelivered, s.Delivered}} {
		w.option(o.code, binary.LittleEndian.AppendUint64(nil, o.value))
	}
	return w.end()
}

// begin starts a block: type and length, which end fills in.
func (w *Writer) begin(kind uint32) {
	w.buf = w.buf[:0]
	w.u32(kind)
	w.u32(0)
}

// end closes the options and writes the block.
func (w *Writer) end() error {
	w.option(optEnd, nil)
	n := uint32(len(w.buf) + 4)
	w.u32(n)
	binary.LittleEndian.PutUint32(w.buf[4:], n)
	if w.err == nil {
		_, w.err = w.w.Write(w.buf)
	}
	return w.err
}

func (w *Writer) u16(n uint16) { w.buf = binary.LittleEndian.AppendUint16(w.buf, n) }
func (w *Writer) u32(n uint32) { w.buf = binary.LittleEndian.AppendUint32(w.buf, n) }
func (w *Writer) u64(n uint64) { w.buf = binary.LittleEndian.AppendUint64(w.buf, n) }

// stamp is a time in two halves, the upper one first.
func (w *Writer) stamp(at time.Time) {
	n := uint64(at.UnixNano())
	w.u32(uint32(n >> 32))
	w.u32(uint32(n))
}

// bytes appends data and zeros up to a multiple of 4.
func (w *Writer) bytes(data []byte) {
	w.buf = append(w.buf, data...)
	for len(w.buf)%4 != 0 {
		w.buf = append(w.buf, 0)
	}
}

func (w *Writer) option(code uint16, value []byte) {
	if len(value) > 1<<16-1 {
		value = value[:1<<16-1]
	}
	w.u16(code)
	w.u16(uint16(len(value)))
	w.bytes(value)
}
