package region

import (
	"unsafe"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// Sizes in bytes.
const (
	ifSize   = int(unsafe.Sizeof(abi.If{}))
	ringSize = int(unsafe.Sizeof(abi.Ring{}))
	slotSize = int(unsafe.Sizeof(abi.Slot{}))
)

// at shows the bytes at ofs as a T; it panics where mem is too short. The caller sees to the alignment.
func at[T any](mem []byte, ofs int) *T {
	b := mem[ofs:][:unsafe.Sizeof(*new(T))]
	return (*T)(unsafe.Pointer(unsafe.SliceData(b)))
}

// array shows the bytes at ofs as n Ts, as at does.
func array[T any](mem []byte, ofs, n int) []T {
	b := mem[ofs:][:uintptr(n)*unsafe.Sizeof(*new(T))]
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), n)
}
