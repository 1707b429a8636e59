package packet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
)

// Header is where the frames of a flow come from and go to.
type Header struct {
	SrcMAC, DstMAC   MAC
	VLAN             uint16     // 1 to 4094; 0: no tag
	SrcIP, DstIP     netip.Addr // both IPv4 or both IPv6
	SrcPort, DstPort uint16
}

func (h Header) check() error {
	if h.VLAN > 4094 {
		return errVLAN
	}
	if !h.SrcIP.IsValid() || !h.DstIP.IsValid() {
		return errors.New("an IP address is missing")
	}
	if h.SrcIP.Is4() != h.DstIP.Is4() {
		return fmt.Errorf("%s and %s are not of the same IP version", h.SrcIP, h.DstIP)
	}
	return nil
}

// MinSize is the size of the shortest frame with this header that holds a
// probe, in bytes and without the frame check sequence.
func (h Header) MinSize() int { return max(MinFrame, h.probe()+ProbeLen) }

// MaxSize is the size of the longest one.
func (h Header) MaxSize() int {
	if h.SrcIP.Is4() {
		return h.ip() + 65535
	}
	return h.ip() + ipv6Len + 65535
}

// ip is the offset of the IP header.
func (h Header) ip() int {
	if h.VLAN != 0 {
		return ethernetLen + vlanLen
	}
	return ethernetLen
}

// udp is the offset of the UDP header.
func (h Header) udp() int {
	if h.SrcIP.Is4() {
		return h.ip() + ipv4Len
	}
	return h.ip() + ipv6Len
}

// probe is the offset of the probe.
func (h Header) probe() int { return h.udp() + udpLen }

// Template makes the frames of one flow. They differ in the sequence number,
// the time stamp and the UDP checksum only, so these alone are written into a
// buffer that held a frame of the flow before.
//
// A Template is read-only after NewTemplate and safe for concurrent use.
type Template struct {
	frame []byte // a whole frame; sequence number, stamp and checksum are 0
	mark  uint64 // magic, flow: what tells that a buffer holds a frame of the flow
	probe int    // offset of the probe
	sum   uint64 // one's complement sum of all that the UDP checksum covers
}

// NewTemplate makes the template of the flow's frames of size bytes, which
// must lie between MinSize and MaxSize of the header.
func NewTemplate(h Header, size int, flow uint32) (*Template, error) {
	if err := h.check(); err != nil {
		return nil, err
	}
	if size < h.MinSize() || size > h.MaxSize() {
		return nil, fmt.Errorf("a frame of %d bytes: it must have %d to %d bytes", size, h.MinSize(), h.MaxSize())
	}
	f := make([]byte, size)
	etherType, udp := uint16(etherIPv4), h.udp()
	if !h.SrcIP.Is4() {
		etherType = etherIPv6
	}
	length := size - udp
	putEthernet(f, h.DstMAC, h.SrcMAC, h.VLAN, etherType)
	ip := h.ip()
	n := putIP(f[ip:], h.SrcIP, h.DstIP, protoUDP, length)
	binary.BigEndian.PutUint16(f[udp:], h.SrcPort)
	binary.BigEndian.PutUint16(f[udp+2:], h.DstPort)
	binary.BigEndian.PutUint16(f[udp+4:], uint16(length))
	p := h.probe()
	binary.BigEndian.PutUint16(f[p:], probeMagic)
	binary.BigEndian.PutUint32(f[p+probeFlow:], flow)
	for i := p + ProbeLen; i < size; i++ {
		f[i] = byte(i)
	}
	return &Template{
		frame: f,
		mark:  uint64(probeMagic)<<32 | uint64(flow),
		probe: p,
		sum:   sum(pseudoHeader(f[ip:ip+n], !h.SrcIP.Is4(), protoUDP, length), f[udp:]),
	}, nil
}

// Size is the length of the frames, in bytes.
func (t *Template) Size() int { return len(t.frame) }

// Frames begins a batch of frames: those from sequence number seq on, all with
// the same stamp.
func (t *Template) Frames(seq uint64, stamp uint32) Frames {
	c := udpChecksum(t.sum + seq>>32 + seq&0xffffffff + uint64(stamp))
	return Frames{t: t, probe: t.probe, mark: t.mark, seq: seq, stamp: stamp, checksum: uint32(c)}
}

// Frames writes frames with increasing sequence numbers.
type Frames struct {
	t        *Template
	probe    int
	mark     uint64
	seq      uint64
	stamp    uint32
	checksum uint32
}

// Put writes the next frame into buf, which must hold Size bytes. A buffer
// that bears the flow's mark is taken to hold a frame of this template; its
// owner must not have written anything else behind the mark.
func (f *Frames) Put(buf []byte) {
	// One bounds check for all; the checksum stands in the last two bytes
	// before the probe.
	b := buf[f.probe-2 : f.probe+ProbeLen]
	if uint64(binary.BigEndian.Uint16(b[2:]))<<32|uint64(binary.BigEndian.Uint32(b[2+probeFlow:])) != f.mark {
		copy(buf, f.t.frame)
	}
	binary.BigEndian.PutUint16(b, uint16(f.checksum))
	binary.BigEndian.PutUint64(b[2+probeSeq:], f.seq)
	binary.BigEndian.PutUint32(b[2+probeStamp:], f.stamp)
	f.seq++
	// One more in the sum is one less in its complement. 0 and 0xffff are the
	// same number there; UDP wants the latter.
	if f.checksum--; f.checksum == 0 {
		f.checksum = 0xffff
	}
}

// PutParts writes the next frame over several buffers, each filled but the
// last, and gives the number of buffers used. It copies the whole frame. It
// writes nothing and gives 0 if the buffers are too small.
func (f *Frames) PutParts(bufs [][]byte) int {
	room := 0
	for _, b := range bufs {
		room += len(b)
	}
	if room < len(f.t.frame) || len(bufs[0]) < f.probe+ProbeLen {
		return 0
	}
	rest := f.t.frame
	n := 0
	for len(rest) > 0 {
		rest = rest[copy(bufs[n], rest):]
		n++
	}
	f.Put(bufs[0])
	return n
}
