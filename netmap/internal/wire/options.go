package wire

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// optionSize is the size of nmreq_option in bytes.
const optionSize = 24

// Option is one option of a request: its header, and what follows it.
type Option struct {
	abi.Option
	Rest []byte // nil: nothing
}

// restSize is the number of bytes that follow the header of an option of this type.
func restSize(h *abi.Option) uint64 {
	switch h.ReqType {
	case abi.NETMAP_REQ_OPT_SYNC_KLOOP_EVENTFDS:
		return max(h.Size, optionSize) - optionSize
	case abi.NETMAP_REQ_OPT_EXTMEM:
		return 96 - optionSize
	case abi.NETMAP_REQ_OPT_CSB:
		return 40 - optionSize
	case abi.NETMAP_REQ_OPT_SYNC_KLOOP_MODE:
		return 32 - optionSize
	case abi.NETMAP_REQ_OPT_OFFSETS:
		return 56 - optionSize
	}
	return 0
}

func packOptions(options []Option) (b []byte) {
	for i := range options {
		b = append(pack(b, options[i].Option), options[i].Rest...)
	}
	return b
}

// unpackOptions reads options that lie one behind the other.
func unpackOptions(b []byte) (all []Option, err error) {
	for len(b) > 0 {
		if len(b) < optionSize {
			return all, fmt.Errorf("option of %d bytes: %w", len(b), unix.EINVAL)
		}
		var o Option
		b = unpack(b, &o.Option)
		rest := restSize(&o.Option)
		if rest > uint64(len(b)) {
			return all, fmt.Errorf("option of type %d with %d bytes: %w", o.ReqType, len(b), unix.EINVAL)
		}
		if rest > 0 {
			o.Rest = append(o.Rest, b[:rest]...)
			b = b[rest:]
		}
		all = append(all, o)
	}
	return all, nil
}

// decodeOptions reads the options of a request, and finds those that no request may have. All others are not
// supported, until who carries the request out says otherwise.
func decodeOptions(q *Request, b []byte) (err error) {
	if q.Options, err = unpackOptions(b); err != nil {
		return err
	}
	for i := range q.Options {
		q.Options[i].Status = 0
	}
	var seen [abi.NETMAP_REQ_OPT_MAX]*Option
	// As the module counts: the request and each option lie in one buffer, behind pointers, and all of them have
	// their sizes added up.
	const buffer = abi.NETMAP_REQ_MAXSIZE + 8*(2+abi.NETMAP_REQ_OPT_MAX) + 8*abi.NETMAP_REQ_OPT_MAX
	sum := bodySize(q.Body)
	at := 16 + sum + 8*abi.NETMAP_REQ_OPT_MAX
	tooLong := fmt.Errorf("options of more than %d bytes: %w", abi.NETMAP_REQ_MAXSIZE, unix.EMSGSIZE)
	for i := range q.Options {
		o := &q.Options[i]
		if at += 8 + optionSize; at > buffer {
			return tooLong
		}
		sum += optionSize
		if o.ReqType < 1 {
			o.Status = uint32(unix.EINVAL)
			return fmt.Errorf("option of type 0: %w", unix.EINVAL)
		}
		if o.ReqType >= abi.NETMAP_REQ_OPT_MAX {
			continue
		}
		if before := seen[o.ReqType]; before != nil {
			o.Status, before.Status = uint32(unix.EINVAL), uint32(unix.EINVAL)
			return fmt.Errorf("option of type %d twice: %w", o.ReqType, unix.EINVAL)
		}
		seen[o.ReqType] = o
		at += len(o.Rest)
		sum += len(o.Rest)
		if o.Size > abi.NETMAP_REQ_MAXSIZE || sum > abi.NETMAP_REQ_MAXSIZE || at > buffer {
			return tooLong
		}
	}
	if q.Cut {
		return tooLong
	}
	for i := range q.Options {
		q.Options[i].Status = uint32(unix.EOPNOTSUPP)
	}
	return nil
}

// Option finds the option of a type; nil: it is not there.
func (q *Request) Option(reqType uint32) *Option {
	for i := range q.Options {
		if q.Options[i].ReqType == reqType {
			return &q.Options[i]
		}
	}
	return nil
}

// bodySize is the number of bytes of a body, which may be nil.
func bodySize(body any) int {
	if body == nil {
		return 0
	}
	return binary.Size(body)
}
