package module

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// Device is the module's device.
const Device = "/dev/netmap"

// newest is the newest version of the API that Answer asks for: the header's high versions are not used up soon.
const newest = 31

// Answer asks the device which version of its API it takes: the newest one. It is 0 if that of this program is none of
// them. Nothing is registered.
func Answer(device string) (api int, err error) {
	f, err := os.OpenFile(device, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if err := ask(f, abi.NETMAP_API); errors.Is(err, unix.EINVAL) {
		return 0, nil
	} else if err != nil {
		return 0, fmt.Errorf("%s: port info: %w", device, err)
	}
	for api = newest; api > abi.NETMAP_API && ask(f, api) != nil; api-- {
	}
	return api, nil
}

// ask asks for the port without a name, which is the region that all interfaces share. netmap(4) has NIOCCTRL.
func ask(f *os.File, version int) error {
	info := new(abi.ReqPortInfo)
	var pin runtime.Pinner // the kernel is told where it lies by a number
	pin.Pin(info)
	defer pin.Unpin()
	h := abi.ReqHeader{Version: uint16(version), ReqType: abi.NETMAP_REQ_PORT_INFO_GET, Body: uint64(uintptr(unsafe.Pointer(info)))}
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), abi.NIOCCTRL, uintptr(unsafe.Pointer(&h)))
	if errno != 0 {
		return errno
	}
	return nil
}
