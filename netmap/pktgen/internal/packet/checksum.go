package packet

import "encoding/binary"

// sum adds the big-endian 16-bit words of b to the one's complement sum acc.
// An odd last byte counts as the high half of a word.
func sum(acc uint64, b []byte) uint64 {
	for len(b) >= 4 {
		acc += uint64(binary.BigEndian.Uint32(b))
		b = b[4:]
	}
	if len(b) >= 2 {
		acc += uint64(binary.BigEndian.Uint16(b))
		b = b[2:]
	}
	if len(b) == 1 {
		acc += uint64(b[0]) << 8
	}
	return acc
}

// fold brings a one's complement sum down to 16 bits. Only a sum of zeros
// folds to zero.
func fold(acc uint64) uint16 {
	acc = acc>>32 + acc&0xffffffff
	acc = acc>>32 + acc&0xffffffff
	acc = acc>>16 + acc&0xffff
	acc = acc>>16 + acc&0xffff
	acc = acc>>16 + acc&0xffff
	return uint16(acc)
}

// checksum is the Internet checksum of a folded sum.
func checksum(acc uint64) uint16 { return ^fold(acc) }

// udpChecksum is the checksum as UDP sends it: zero means "none" there, so a
// computed zero goes out as its other representation.
func udpChecksum(acc uint64) uint16 {
	if c := checksum(acc); c != 0 {
		return c
	}
	return 0xffff
}

// pseudoHeader sums what UDP and ICMPv6 checksums cover besides their own
// bytes: the addresses, the protocol and the length. The addresses are those
// of the IP header in ip.
func pseudoHeader(ip []byte, v6 bool, protocol byte, length int) uint64 {
	acc := uint64(protocol) + uint64(length)
	if v6 {
		return sum(acc, ip[8:ipv6Len])
	}
	return sum(acc, ip[12:ipv4Len])
}
