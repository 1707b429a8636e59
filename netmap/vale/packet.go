package vale

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Kernel buffers of a socket in bytes, before the kernel doubles them: as much as a burst of super-frames
// takes. They cost memory only when they are full.
const sockBuffer = 8 << 20

// OpenPacketSocket opens an AF_PACKET socket for AttachSocket on the interface with this index in the network
// namespace of the calling thread. promisc: it takes frames for other addresses, too. The caller closes it.
func OpenPacketSocket(ifindex int, promisc bool) (int, error) {
	// Protocol 0 receives nothing: not before the socket is bound to its interface.
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("packet socket: %w", err)
	}
	if err := setUpPacket(fd, ifindex, promisc); err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("packet socket on interface %d: %w", ifindex, err)
	}
	return fd, nil
}

func setUpPacket(fd, ifindex int, promisc bool) error {
	for _, o := range []struct {
		level, name, value int
		what               string
	}{
		{unix.SOL_PACKET, unix.PACKET_VNET_HDR, 1, "PACKET_VNET_HDR"},
		{unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1, "PACKET_IGNORE_OUTGOING"},
		{unix.SOL_PACKET, unix.PACKET_AUXDATA, 1, "PACKET_AUXDATA"},
		{unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 1, "PACKET_QDISC_BYPASS"},
		{unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1, "SO_RXQ_OVFL"},
		{unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, sockBuffer, "SO_RCVBUFFORCE"},
		{unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, sockBuffer, "SO_SNDBUFFORCE"},
	} {
		if err := unix.SetsockoptInt(fd, o.level, o.name, o.value); err != nil {
			return fmt.Errorf("%s: %w", o.what, err)
		}
	}
	if promisc {
		m := unix.PacketMreq{Ifindex: int32(ifindex), Type: unix.PACKET_MR_PROMISC}
		if err := unix.SetsockoptPacketMreq(fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &m); err != nil {
			return fmt.Errorf("PACKET_ADD_MEMBERSHIP: %w", err)
		}
	}
	all := uint16(unix.ETH_P_ALL)
	sa := unix.SockaddrLinklayer{Protocol: all<<8 | all>>8, Ifindex: ifindex}
	if err := unix.Bind(fd, &sa); err != nil {
		return fmt.Errorf("bind: %w", err)
	}
	return nil
}
