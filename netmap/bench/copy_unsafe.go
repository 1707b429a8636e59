package main

/*
#cgo CFLAGS: -O2 -Wall -Wextra -Werror
#include <stdlib.h>
#include "copy.h"
*/
import "C"

import (
	"errors"
	"time"
	"unsafe"
)

// Geometry of the rings, that of a port by default.
const (
	copySlots = 1024
	copySize  = 2048
)

// copyRate gives how many frames of the given length one processor copies from
// ring to ring in a second, looking for about the given time. The loop is C, as
// the switch's is.
func copyRate(length int, d time.Duration) (float64, error) {
	slotBytes := C.size_t(copySlots * unsafe.Sizeof(C.struct_slot{}))
	bufBytes := C.size_t(copySlots * copySize)
	var memory [4]unsafe.Pointer
	for i, n := range []C.size_t{slotBytes, slotBytes, bufBytes, bufBytes} {
		memory[i] = C.aligned_alloc(4096, n)
		if memory[i] == nil {
			return 0, errors.New("no memory for two rings")
		}
		defer C.free(memory[i])
		clear(unsafe.Slice((*byte)(memory[i]), n))
	}
	from := (*C.struct_slot)(memory[0])
	to := (*C.struct_slot)(memory[1])
	for i, s := range unsafe.Slice(from, copySlots) {
		s.buf_idx, s.len = C.uint32_t(i), C.uint16_t(length)
		unsafe.Slice(from, copySlots)[i] = s
		unsafe.Slice(to, copySlots)[i] = s
	}
	rings := C.struct_rings{
		from: from, to: to, from_bufs: (*C.uint8_t)(memory[2]), to_bufs: (*C.uint8_t)(memory[3]),
		slots: copySlots, size: copySize,
	}
	// Short turns, and the median of them: other programs run here, too.
	var rates []float64
	for begin := time.Now(); time.Since(begin) < d; {
		const times = 200
		start := time.Now()
		C.copy_rings(&rings, times)
		rates = append(rates, times*copySlots/time.Since(start).Seconds())
	}
	return median(rates), nil
}
