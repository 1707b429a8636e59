// Package packet builds and reads the frames of pktgen: probes (UDP datagrams
// that carry a flow, a sequence number and a time stamp), ICMP echo, and the
// ARP and neighbor discovery that an address needs to be reachable.
//
// It holds bytes only: no rings, no clocks, no counters. Every reader takes
// bytes that anybody may have sent; it never reads past the slice it got.
package packet
