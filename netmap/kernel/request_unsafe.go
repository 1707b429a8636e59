package kernel

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// control makes a control request. The body, which may be nil, holds the answer afterwards; so does the header
// that is returned. The error is the module's errno.
func control[T any](d Device, kind uint16, name string, body *T) (abi.ReqHeader, error) {
	var pin runtime.Pinner
	defer pin.Unpin()
	header, err := newHeader(kind, name)
	if err != nil {
		return *header, err
	}
	if body != nil {
		pin.Pin(body)
		header.Body = uint64(uintptr(unsafe.Pointer(body)))
	}
	pin.Pin(header)
	for {
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(d), abi.NIOCCTRL, uintptr(unsafe.Pointer(header)))
		switch errno {
		case 0:
			return *header, nil
		case unix.EINTR:
		default:
			return *header, errno
		}
	}
}

// Sync makes the device take what was committed and show what has come: for the TX rings of the registration, or
// for its RX rings.
func (d Device) Sync(tx bool) error {
	request := uintptr(abi.NIOCRXSYNC)
	if tx {
		request = abi.NIOCTXSYNC
	}
	// Raw: a sync never waits, and Go's scheduler is not to take the goroutine off its thread for it.
	if _, _, errno := unix.RawSyscall(unix.SYS_IOCTL, uintptr(d), request, 0); errno != 0 {
		return errno
	}
	return nil
}
