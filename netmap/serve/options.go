package serve

import (
	"encoding/binary"
	"errors"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/wire"
	"github.com/valelab/valelab/netmap/vale"
)

// checkOptions finds an option that a registration, which is good otherwise,
// can't have.
func checkOptions(q *wire.Request, want *abi.ReqRegister) error {
	if csb := q.Option(abi.NETMAP_REQ_OPT_CSB); csb != nil && want.Flags&abi.NR_EXCLUSIVE == 0 {
		csb.Status = uint32(unix.EINVAL)
	}
	for i := range q.Options { // the first decides
		if status := q.Options[i].Status; status != 0 {
			return unix.Errno(status)
		}
	}
	return nil
}

// offsets is the option for offsets of a registration.
type offsets struct {
	option *wire.Option
	body   abi.OptOffsets
	vale.Offsets
}

// parseOffsets reads the option, if it is there, as the module does; else it
// returns nil.
func parseOffsets(q *wire.Request, bufSize int) (*offsets, error) {
	o := &offsets{option: q.Option(abi.NETMAP_REQ_OPT_OFFSETS)}
	if o.option == nil {
		return nil, nil
	}
	// What follows the header of the option: its decoder has seen to it that it is as long as it must be.
	if _, err := binary.Decode(append(make([]byte, binary.Size(o.body.Opt)), o.option.Rest...), binary.LittleEndian, &o.body); err != nil {
		return nil, errors.Join(unix.EINVAL, err)
	}
	b := &o.body
	mask := ^uint64(0)
	if b.Bits > 0 && b.Bits < 64 {
		mask = 1<<b.Bits - 1
	}
	if b.Bits > 64 || b.Max > uint64(bufSize) || b.Max&^mask != 0 || b.Initial > b.Max {
		o.option.Status = uint32(unix.EINVAL)
		return nil, unix.EINVAL
	}
	o.Offsets = vale.Offsets{Mask: mask, Max: int(b.Max), Initial: b.Initial}
	return o, nil
}

// want is what the rings are to have; nil: what they have.
func (o *offsets) want() *vale.Offsets {
	if o == nil {
		return nil
	}
	return &o.Offsets
}

// answer tells the program what has become of it.
func (o *offsets) answer(err error) {
	switch {
	case o == nil:
	case errors.Is(err, vale.ErrOffsets):
		o.option.Status = uint32(unix.EBUSY)
	case err == nil:
		o.option.Status = 0
		binary.LittleEndian.PutUint64(o.option.Rest, uint64(o.Max)) // nro_max_offset is the first
	}
}
