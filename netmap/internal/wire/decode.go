package wire

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// DecodeRequest reads a request as netmap's own checks would, in their order. The error wraps the errno to
// answer with; the request is filled in, for the answer, as far as the message goes.
func DecodeRequest(b []byte) (Request, error) {
	var q Request
	var head abi.Request
	if len(b) < headSize {
		return q, fmt.Errorf("request of %d bytes: %w", len(b), unix.EINVAL)
	}
	b = unpack(b, &head)
	q.ID, q.Cut = head.ID, head.Flags&abi.NMU_OPTIONS_CUT != 0
	if head.Version != abi.NMU_VERSION {
		return q, fmt.Errorf("request of protocol %d, want %d: %w", head.Version, abi.NMU_VERSION, unix.EPROTO)
	}
	switch head.Op {
	case abi.NMU_OP_CTRL:
		if len(b) < headerSize {
			return q, fmt.Errorf("request with a header of %d bytes: %w", len(b), unix.EINVAL)
		}
		q.Op = head.Op
		b = unpack(b, &q.Header)
		if uint64(head.BodyLen)+uint64(head.OptionsLen) != uint64(len(b)) {
			return q, fmt.Errorf("request with %d bytes of body and options: %w", len(b), unix.EINVAL)
		}
		return q, decodeCtrl(&q, b[:head.BodyLen], b[head.BodyLen:])
	case abi.NMU_OP_REGIF, abi.NMU_OP_GINFO:
		if len(b) != legacySize {
			return q, fmt.Errorf("legacy request of %d bytes: %w", len(b), unix.EINVAL)
		}
		q.Op = head.Op
		unpack(b, &q.legacy)
		return q, fromLegacy(&q)
	case abi.NMU_OP_DESCRIBE:
		if len(b) != 0 {
			return q, fmt.Errorf("question with %d bytes more: %w", len(b), unix.EINVAL)
		}
		q.Op = head.Op
		return q, nil
	}
	return q, fmt.Errorf("request with op %d: %w", head.Op, unix.EINVAL)
}

// decodeCtrl reads what follows a header.
func decodeCtrl(q *Request, body, options []byte) error {
	h := &q.Header
	if h.Version < abi.NETMAP_MIN_API || h.Version > abi.NETMAP_MAX_API {
		return fmt.Errorf("request of netmap API %d: %w", h.Version, unix.EINVAL)
	}
	if h.Reserved != 0 {
		return fmt.Errorf("request with a malformed header: %w", unix.EINVAL)
	}
	h.Name[len(h.Name)-1] = 0
	to := newBody(h.ReqType)
	switch {
	case to == nil && (h.Body != 0 || len(body) != 0):
		return fmt.Errorf("request of type %d with a body: %w", h.ReqType, unix.EINVAL)
	case to != nil && (h.Body == 0 || len(body) != binary.Size(to)):
		return fmt.Errorf("request of type %d with a body of %d bytes: %w", h.ReqType, len(body), unix.EINVAL)
	case to != nil:
		unpack(body, to)
		q.Body = to
	}
	return decodeOptions(q, options)
}

// DecodeReply reads the reply to a request of this op. A reply that carries an errno is a good one.
func DecodeReply(b []byte, op uint32) (Reply, error) {
	r := Reply{Op: op}
	var head abi.Reply
	if len(b) < headSize {
		return r, fmt.Errorf("reply of %d bytes", len(b))
	}
	b = unpack(b, &head)
	r.ID = head.ID
	if head.Version != abi.NMU_VERSION {
		return r, fmt.Errorf("reply of protocol %d, want %d", head.Version, abi.NMU_VERSION)
	}
	if head.Error < 0 {
		return r, fmt.Errorf("reply with error %d", head.Error)
	}
	r.Errno = unix.Errno(head.Error)
	if r.Errno != 0 && len(b) == 0 {
		return r, nil // the switch could not read what it was sent
	}
	before := uint64(0)
	switch op {
	case abi.NMU_OP_CTRL:
		before = headerSize
	case abi.NMU_OP_REGIF, abi.NMU_OP_GINFO:
		before = legacySize
	}
	if before+uint64(head.BodyLen)+uint64(head.OptionsLen)+uint64(head.GrantLen) != uint64(len(b)) {
		return r, fmt.Errorf("reply with %d bytes", len(b))
	}
	switch op {
	case abi.NMU_OP_CTRL:
		b = unpack(b, &r.Header)
	case abi.NMU_OP_REGIF, abi.NMU_OP_GINFO:
		b = unpack(b, &r.legacy)
	}
	to := any(nil)
	if op == abi.NMU_OP_CTRL && r.Errno == 0 {
		to = newBody(r.Header.ReqType)
	}
	want := 0
	if to != nil {
		want = binary.Size(to)
	}
	if int(head.BodyLen) != want || op != abi.NMU_OP_CTRL && head.OptionsLen != 0 {
		return r, fmt.Errorf("reply of type %d with a body of %d bytes", r.Header.ReqType, head.BodyLen)
	}
	if to != nil {
		b = unpack(b, to)
		r.Body = to
	}
	var err error
	if r.Options, err = unpackOptions(b[:head.OptionsLen]); err != nil {
		return r, err
	}
	b = b[head.OptionsLen:]
	switch {
	case len(b) == 0:
	case len(b) != grantSize || r.Errno != 0:
		return r, fmt.Errorf("reply with a grant of %d bytes", len(b))
	default:
		r.Grant = new(abi.Grant)
		unpack(b, r.Grant)
	}
	return r, nil
}
