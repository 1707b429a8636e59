package link

import (
	"fmt"
	"sync/atomic"

	"github.com/safchain/ethtool"
	"golang.org/x/sys/unix"
)

// inexpressible are the offloads, by the kernel's names, that plainOffloads
// switches off where the kernel knows them.
var inexpressible = []string{
	// Segmentation inside a tunnel.
	"tx-gre-segmentation", "tx-gre-csum-segmentation",
	"tx-ipxip4-segmentation", "tx-ipxip6-segmentation",
	"tx-udp_tnl-segmentation", "tx-udp_tnl-csum-segmentation",
	"tx-tunnel-remcsum-segmentation", "tx-gso-partial", "tx-esp-segmentation",
	// Frames that are lists of frames.
	"tx-gso-list", "rx-gro-list",
	// Congestion marks that the header has no bit for.
	"tx-tcp-accecn-segmentation",
	// Checksums that are not the Internet's, and what builds on them.
	"tx-checksum-sctp", "tx-sctp-segmentation", "tx-checksum-fcoe-crc", "tx-fcoe-segmentation",
}

// plainOffloads switches off the interface's offloads that the header which
// goes with a frame between sockets (struct virtio_net_hdr) can't express. A
// frame that relies on one of them could not leave the switch again. What
// remains on, checksums and segmentation of TCP and UDP, crosses it unchanged.
//
// The calling thread is in the interface's namespace.
func plainOffloads(iface string) error {
	off, err := offs(iface)
	if err != nil {
		return fmt.Errorf("offloads: %w", err)
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("offloads: %w", err)
	}
	defer unix.Close(fd)
	if err := switchOff(fd, iface, off); err != nil {
		return fmt.Errorf("offloads: %w", err)
	}
	return nil
}

// known holds the answer of offs once the kernel has been asked.
var known atomic.Pointer[features]

// offs returns the inexpressible offloads that this kernel knows. They are the
// same for every interface, so the kernel is asked once: to read the names of
// all offloads takes as long as to make a veth pair.
func offs(iface string) (*features, error) {
	if off := known.Load(); off != nil {
		return off, nil
	}
	tool, err := ethtool.NewEthtool()
	if err != nil {
		return nil, err
	}
	defer tool.Close()
	names, err := tool.FeatureNames(iface)
	if err != nil {
		return nil, err
	}
	off := &features{}
	for _, index := range names {
		if err := off.grow(index); err != nil {
			return nil, err
		}
	}
	for _, name := range inexpressible {
		if index, ok := names[name]; ok {
			off.set(index)
		}
	}
	known.Store(off)
	return off, nil
}

// maxFeatures is how many offloads a kernel may have here; there are 64 now.
const maxFeatures = 256

// features is a set of offloads, by their number.
type features struct {
	words int // 32-bit words that the kernel's own sets have
	bits  [maxFeatures / 32]uint32
}

// grow makes room for an offload.
func (f *features) grow(index uint) error {
	if index >= maxFeatures {
		return fmt.Errorf("this kernel has more than %d offloads", maxFeatures)
	}
	f.words = max(f.words, int(index)/32+1)
	return nil
}

// set adds an offload for which there is room.
func (f *features) set(index uint) { f.bits[index/32] |= 1 << (index % 32) }
