package link

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// setFeatures is struct ethtool_sfeatures.
type setFeatures struct {
	cmd    uint32
	size   uint32 // of blocks that follow
	blocks [maxFeatures / 32]setFeaturesBlock
}

// setFeaturesBlock is struct ethtool_set_features_block.
type setFeaturesBlock struct {
	valid     uint32 // offloads to change
	requested uint32 // what to change them to
}

// ifreq is struct ifreq as SIOCETHTOOL takes it.
type ifreq struct {
	name [unix.IFNAMSIZ]byte
	data unsafe.Pointer
	_    [16]byte
}

// switchOff switches a set of offloads of an interface off. fd is any socket
// of the interface's namespace.
func switchOff(fd int, iface string, off *features) error {
	request := &setFeatures{cmd: unix.ETHTOOL_SFEATURES, size: uint32(off.words)}
	for i, bits := range off.bits {
		request.blocks[i].valid = bits
	}
	ifr := ifreq{data: unsafe.Pointer(request)}
	copy(ifr.name[:unix.IFNAMSIZ-1], iface)
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&ifr)))
	if errno != 0 {
		return errno
	}
	return nil
}
