// Package pcapfilter compiles filters in tcpdump's language (pcap-filter(7)) to classic BPF programs for
// Ethernet frames.
//
// It has the primitives that make sense on a virtual Ethernet: ether, ip, ip6, arp, rarp, tcp, udp, sctp, icmp,
// icmp6 and the other protocols over IP; host, net, port, portrange, proto, with src and dst; broadcast and
// multicast; vlan, mpls and pppoes, which shift what follows; pppoed; inbound and outbound, as seen from the
// endpoint; less and greater; and arithmetic on bytes, as in tcp[tcpflags] & tcp-syn != 0. And and or have the same
// precedence and associate to the left, as there. What it does not have (other link layers, names of hosts,
// netmasks of interfaces) is refused.
//
//	lex.go      text to tokens
//	parse.go    tokens to a tree of tests, and or not around them
//	primitive.go what the primitives stand for
//	inside.go   vlan, mpls and pppoes: what is inside of others
//	arith.go    arithmetic
//	code.go     the tree to a program
//	machine.go  what runs a program
//
// Why not a library: those that need no libpcap refuse or mistake much of the language.
package pcapfilter
