package wire

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// Request is a control request. Only the body that Header.ReqType names is carried.
type Request struct {
	Header   abi.ReqHeader
	Register abi.ReqRegister // NETMAP_REQ_REGISTER
	PortInfo abi.ReqPortInfo // NETMAP_REQ_PORT_INFO_GET
}

// Reply answers a Request. Header goes back as it came. With an error, nothing follows it.
type Reply struct {
	Errno    unix.Errno
	Header   abi.ReqHeader
	Register abi.ReqRegister
	PortInfo abi.ReqPortInfo
	Grant    abi.Grant // zero for PORT_INFO_GET
}

// RegisterFiles is the number of descriptors that come with a granted NETMAP_REQ_REGISTER: the region's
// memfd, kick, wake.
const RegisterFiles = 3

// Sizes in bytes.
const (
	headSize   = 8 // abi.Request and abi.Reply
	headerSize = 88
	maxRequest = headSize + headerSize + 56
	maxReply   = headSize + headerSize + 56 + 40
)

// order is the byte order of the machines that the ABI is for.
var order = binary.LittleEndian

// NewRequest starts a request of this type for a port.
func NewRequest(reqType uint16, name string) (Request, error) {
	q := Request{Header: abi.ReqHeader{Version: abi.NETMAP_API, ReqType: reqType}}
	if len(name) >= len(q.Header.Name) {
		return Request{}, fmt.Errorf("port name of %d bytes, want less than %d", len(name), len(q.Header.Name))
	}
	copy(q.Header.Name[:], name)
	return q, nil
}

// Name is the port's name. A decoded request has one.
func (q *Request) Name() string {
	name, _, _ := bytes.Cut(q.Header.Name[:], []byte{0})
	return string(name)
}

// NewReply starts the answer to a request: the same header and body, no error.
func NewReply(q Request) Reply {
	return Reply{Header: q.Header, Register: q.Register, PortInfo: q.PortInfo}
}

// Encode gives the bytes of a request. Its ReqType must be one of the two that have a body.
func (q *Request) Encode() []byte {
	b := pack(nil, abi.Request{Op: abi.NMU_OP_CTRL, Version: abi.NMU_VERSION})
	b = pack(b, q.Header)
	return pack(b, body(q.Header.ReqType, &q.Register, &q.PortInfo))
}

// DecodeRequest reads a request as netmap's own checks would. The error wraps the errno to answer with;
// the Header is filled in, for the answer, wherever the message is long enough to hold one.
func DecodeRequest(b []byte) (Request, error) {
	var q Request
	var head abi.Request
	if len(b) < headSize+headerSize {
		return q, fmt.Errorf("request of %d bytes: %w", len(b), unix.EINVAL)
	}
	b = unpack(b, &head)
	b = unpack(b, &q.Header)
	h := &q.Header
	if head.Version != abi.NMU_VERSION {
		return q, fmt.Errorf("request of protocol %d, want %d: %w", head.Version, abi.NMU_VERSION, unix.EPROTO)
	}
	if head.Op != abi.NMU_OP_CTRL {
		return q, fmt.Errorf("request with op %d: %w", head.Op, unix.EINVAL)
	}
	if h.Version < abi.NETMAP_MIN_API || h.Version > abi.NETMAP_MAX_API {
		return q, fmt.Errorf("request of netmap API %d: %w", h.Version, unix.EINVAL)
	}
	if h.Reserved != 0 || bytes.IndexByte(h.Name[:], 0) < 0 {
		return q, fmt.Errorf("request with a malformed header: %w", unix.EINVAL)
	}
	to := body(h.ReqType, &q.Register, &q.PortInfo)
	if to == nil {
		return q, fmt.Errorf("request of type %d: %w", h.ReqType, unix.EINVAL)
	}
	if len(b) != binary.Size(to) {
		return q, fmt.Errorf("request of type %d with a body of %d bytes: %w", h.ReqType, len(b), unix.EINVAL)
	}
	unpack(b, to)
	return q, nil
}

// Encode gives the bytes of a reply. Without an error, its ReqType must be one that has a body.
func (r *Reply) Encode() []byte {
	b := pack(nil, abi.Reply{Error: int32(r.Errno), Version: abi.NMU_VERSION})
	b = pack(b, r.Header)
	if r.Errno != 0 {
		return b
	}
	b = pack(b, body(r.Header.ReqType, &r.Register, &r.PortInfo))
	return pack(b, r.Grant)
}

// DecodeReply reads a reply. A reply that carries an errno is a good one.
func DecodeReply(b []byte) (Reply, error) {
	var r Reply
	var head abi.Reply
	if len(b) < headSize+headerSize {
		return r, fmt.Errorf("reply of %d bytes", len(b))
	}
	b = unpack(b, &head)
	b = unpack(b, &r.Header)
	if head.Version != abi.NMU_VERSION {
		return r, fmt.Errorf("reply of protocol %d, want %d", head.Version, abi.NMU_VERSION)
	}
	if head.Error < 0 {
		return r, fmt.Errorf("reply with error %d", head.Error)
	}
	if r.Errno = unix.Errno(head.Error); r.Errno != 0 {
		if len(b) != 0 {
			return r, fmt.Errorf("failure reply with %d bytes more", len(b))
		}
		return r, nil
	}
	to := body(r.Header.ReqType, &r.Register, &r.PortInfo)
	if to == nil || len(b) != binary.Size(to)+binary.Size(r.Grant) {
		return r, fmt.Errorf("reply of type %d with %d bytes", r.Header.ReqType, len(b))
	}
	unpack(unpack(b, to), &r.Grant)
	return r, nil
}

// body picks the body that a request type has; nil for a type that is not known.
func body(reqType uint16, reg *abi.ReqRegister, info *abi.ReqPortInfo) any {
	switch reqType {
	case abi.NETMAP_REQ_REGISTER:
		return reg
	case abi.NETMAP_REQ_PORT_INFO_GET:
		return info
	}
	return nil
}

// pack appends a struct of package abi.
func pack(b []byte, v any) []byte {
	b, err := binary.Append(b, order, v)
	if err != nil {
		panic("wire: " + err.Error()) // not a struct of fixed size: a mistake in this package
	}
	return b
}

// unpack reads a struct of package abi from the start of b, which is long enough, and gives the rest.
func unpack(b []byte, v any) []byte {
	n, err := binary.Decode(b, order, v)
	if err != nil {
		panic("wire: " + err.Error())
	}
	return b[n:]
}
