package kernel

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// Path is where netmap's device is.
const Path = "/dev/netmap"

// Device is a descriptor of netmap's device. One that has no rings takes any number of control requests, from
// any thread; one that Register has bound to rings lasts, and the rings with it, until the last duplicate and
// the last mapping of it are gone.
type Device int

// Open opens the device. The error wraps fs.ErrNotExist where there is none.
func Open() (Device, error) {
	fd, err := unix.Open(Path, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, &os.PathError{Op: "open", Path: Path, Err: err}
	}
	return Device(fd), nil
}

// Close gives the descriptor back.
func (d Device) Close() error { return unix.Close(int(d)) }

// Bodies of requests, for callers outside of netmap.
type (
	Register  = abi.ReqRegister // of what a program opens
	PortInfo  = abi.ReqPortInfo // of a port
	PoolsInfo = abi.ReqPoolsInfo
	Grant     = abi.Grant // how a region is laid out
)

// refused is the error of a request that the module has turned down.
func refused(what, name string, err error) error {
	return fmt.Errorf("netmap: %s %s: %w", what, name, err)
}

// Info tells about a port. A port of a switch that is not there is made for the moment.
func (d Device) Info(name string) (PortInfo, error) {
	var body PortInfo
	if _, err := control(d, abi.NETMAP_REQ_PORT_INFO_GET, name, &body); err != nil {
		return body, refused("port info of", name, err)
	}
	return body, nil
}

// Pools tells how the memory of a port is laid out.
func (d Device) Pools(name string) (PoolsInfo, error) {
	var body PoolsInfo
	if _, err := control(d, abi.NETMAP_REQ_POOLS_INFO_GET, name, &body); err != nil {
		return body, refused("memory of", name, err)
	}
	return body, nil
}

// SetHeader sets the length of the virtio-net header before each frame of a port: 0, 10 or 12.
func (d Device) SetHeader(name string, length int) error {
	body := abi.ReqPortHdr{HdrLen: uint32(length)}
	if _, err := control(d, abi.NETMAP_REQ_PORT_HDR_SET, name, &body); err != nil {
		return refused("header of", name, err)
	}
	return nil
}

// Header returns the length of the virtio-net header before each frame of a port.
func (d Device) Header(name string) (int, error) {
	var body abi.ReqPortHdr
	if _, err := control(d, abi.NETMAP_REQ_PORT_HDR_GET, name, &body); err != nil {
		return 0, refused("header of", name, err)
	}
	return int(body.HdrLen), nil
}
