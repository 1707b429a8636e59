package region

import (
	"unsafe"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// bufs is the buf pool of a region.
type bufs struct {
	base unsafe.Pointer
	num  uint32
	size uintptr // bytes
}

// newBufs shows the pool; the grant's bounds have been checked against mem.
func newBufs(mem []byte, g abi.Grant) bufs {
	return bufs{base: unsafe.Pointer(at[byte](mem, int(g.BufOfs))), num: g.BufNum, size: uintptr(g.BufSize)}
}

// NumBufs is the number of buffers that an index may name.
func (r *Ring) NumBufs() uint32 { return r.bufs.num }

// BufSize is the size of a buffer in bytes.
func (r *Ring) BufSize() int { return int(r.bufs.size) }

// Buf is the buffer of this index. An index that names none gives buffer 0, as netmap has it, which no
// slot of an honest peer holds.
func (r *Ring) Buf(idx uint32) []byte {
	if idx >= r.bufs.num {
		idx = 0
	}
	return unsafe.Slice((*byte)(unsafe.Add(r.bufs.base, uintptr(idx)*r.bufs.size)), r.bufs.size)
}

// Bytes is what a slot says it holds. A slot that can't be holds nothing.
func (r *Ring) Bytes(s *abi.Slot) []byte {
	idx, n := s.BufIdx, uintptr(s.Len) // once: the other side may change them
	if idx >= r.bufs.num || n > r.bufs.size {
		idx, n = 0, 0
	}
	return unsafe.Slice((*byte)(unsafe.Add(r.bufs.base, uintptr(idx)*r.bufs.size)), n)
}
