// Package pcapng writes captures in the pcapng format (draft-ietf-opsawg-pcapng), which Wireshark, tshark and
// tcpdump read, and reads its blocks.
//
// It has what a lab's captures need: one section, an interface block for each endpoint with nanosecond
// stamps, packets with their direction, and statistics with the packets that the capture has lost. What does
// not belong here: where packets come from, and filters.
package pcapng
