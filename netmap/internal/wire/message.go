package wire

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// Request is what a program asks for. A legacy request is shown as the one that it stands for.
type Request struct {
	Op     uint32 // NMU_OP_*
	ID     uint32 // comes back in the reply
	Header abi.ReqHeader
	Body   any // points to the struct of package abi that Header.ReqType has; nil: it has none
	// Options are those that the program gave. Their statuses go back to it.
	Options []Option
	Cut     bool // there were more Options than a request may have

	legacy abi.Legacy // NMU_OP_REGIF, NMU_OP_GINFO
}

// Reply answers a Request. With an error, neither body nor grant follow.
type Reply struct {
	Errno   unix.Errno
	Op, ID  uint32 // those of the request
	Header  abi.ReqHeader
	Body    any
	Options []Option
	Grant   *abi.Grant // nil: nothing was opened, or is open

	legacy abi.Legacy
}

// GrantFiles is the number of descriptors that come with a grant: the region's memfd, kick, wake.
const GrantFiles = 3

// Sizes in bytes.
const (
	headSize   = 24 // abi.Request and abi.Reply
	headerSize = 88
	legacySize = 60
	grantSize  = 88

	// MaxRequest is the longest request.
	MaxRequest = headSize + headerSize + abi.NETMAP_REQ_MAXSIZE
	maxReply   = MaxRequest + grantSize
)

// order is the byte order of the machines that the ABI is for.
var order = binary.LittleEndian

// NewRequest starts a request of this type for a port, with an empty body.
func NewRequest(reqType uint16, name string) (Request, error) {
	q := Request{Op: abi.NMU_OP_CTRL, Header: abi.ReqHeader{Version: abi.NETMAP_API, ReqType: reqType}}
	if len(name) >= len(q.Header.Name) {
		return Request{}, fmt.Errorf("port name of %d bytes, want less than %d", len(name), len(q.Header.Name))
	}
	copy(q.Header.Name[:], name)
	if q.Body = newBody(reqType); q.Body != nil {
		q.Header.Body = 1 // any pointer but none
	}
	return q, nil
}

// Name is the port's name. It can be anything.
func (q *Request) Name() string {
	name, _, _ := bytes.Cut(q.Header.Name[:], []byte{0})
	return string(name)
}

// Register is the body of NETMAP_REQ_REGISTER; nil: the request is another one.
func (q *Request) Register() *abi.ReqRegister {
	body, _ := q.Body.(*abi.ReqRegister)
	return body
}

// NewReply starts the answer to a request: the same header, body and options, no error.
func NewReply(q Request) Reply {
	return Reply{Op: q.Op, ID: q.ID, Header: q.Header, Body: q.Body, Options: q.Options, legacy: q.legacy}
}

// newBody makes the body that a request type has; nil for a type that has none, or is not known.
func newBody(reqType uint16) any {
	switch reqType {
	case abi.NETMAP_REQ_REGISTER:
		return new(abi.ReqRegister)
	case abi.NETMAP_REQ_PORT_INFO_GET:
		return new(abi.ReqPortInfo)
	case abi.NETMAP_REQ_VALE_ATTACH:
		return new(abi.ReqAttach)
	case abi.NETMAP_REQ_VALE_DETACH:
		return new(abi.ReqDetach)
	case abi.NETMAP_REQ_VALE_LIST:
		return new(abi.ReqList)
	case abi.NETMAP_REQ_PORT_HDR_SET, abi.NETMAP_REQ_PORT_HDR_GET:
		return new(abi.ReqPortHdr)
	case abi.NETMAP_REQ_VALE_NEWIF:
		return new(abi.ReqNewIf)
	case abi.NETMAP_REQ_VALE_POLLING_ENABLE, abi.NETMAP_REQ_VALE_POLLING_DISABLE:
		return new(abi.ReqPolling)
	case abi.NETMAP_REQ_POOLS_INFO_GET:
		return new(abi.ReqPoolsInfo)
	case abi.NETMAP_REQ_SYNC_KLOOP_START:
		return new(abi.ReqKloopStart)
	}
	return nil
}

// Encode gives the bytes of a request.
func (q *Request) Encode() []byte {
	var body []byte
	if q.Op == abi.NMU_OP_CTRL && q.Body != nil && q.Header.Body != 0 {
		body = pack(nil, q.Body)
	}
	options := packOptions(q.Options)
	head := abi.Request{
		Op: q.Op, Version: abi.NMU_VERSION, ID: q.ID, BodyLen: uint32(len(body)), OptionsLen: uint32(len(options)),
	}
	if q.Cut {
		head.Flags = abi.NMU_OPTIONS_CUT
	}
	b := pack(nil, head)
	switch q.Op {
	case abi.NMU_OP_CTRL:
		b = append(append(pack(b, q.Header), body...), options...)
	case abi.NMU_OP_REGIF, abi.NMU_OP_GINFO:
		b = pack(b, q.legacy)
	}
	return b
}

// Encode gives the bytes of a reply.
func (r *Reply) Encode() []byte {
	head := abi.Reply{Error: int32(r.Errno), Version: abi.NMU_VERSION, ID: r.ID}
	var body, options, grant []byte
	if r.Op == abi.NMU_OP_CTRL {
		options = packOptions(r.Options)
		if r.Errno == 0 && r.Body != nil {
			body = pack(nil, r.Body)
		}
	}
	if r.Errno == 0 && r.Grant != nil {
		grant = pack(nil, r.Grant)
	}
	head.BodyLen, head.OptionsLen, head.GrantLen = uint32(len(body)), uint32(len(options)), uint32(len(grant))
	b := pack(nil, head)
	switch r.Op {
	case abi.NMU_OP_CTRL:
		b = append(append(pack(b, r.Header), body...), options...)
	case abi.NMU_OP_REGIF, abi.NMU_OP_GINFO:
		if r.Errno == 0 {
			toLegacy(&r.legacy, &r.Header, r.Body)
		}
		b = pack(b, r.legacy)
	}
	return append(b, grant...)
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
