package pcapfilter

import (
	"encoding/binary"
	"math/rand/v2"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/bpf"
)

// filters are compared with what tcpdump makes of them.
var filters = []string{
	"ip", "ip6", "arp", "rarp", "tcp", "udp", "icmp", "icmp6", "igmp", "sctp", "esp", "ah", "pim", "vrrp",
	"not tcp", "! udp", "ip and not udp", "tcp or udp and ip6", "ip6 and (tcp or udp)", "tcp && ip || arp",
	"host 10.0.0.1", "src host 10.0.0.1", "dst 10.0.0.2", "ip host 10.0.0.1", "arp host 10.0.0.1", "arp src host 10.0.0.1",
	"src or dst host 10.0.0.2", "src and dst host 10.0.0.1", "host fd00::1", "ip6 dst host fd00::2",
	"net 10.0.0.0/8", "net 10", "src net 10.0", "net 10.0.0.0 mask 255.255.255.0", "ip6 net fd00::/16", "net fd00::/64", "dst net 10.0.0.0/31",
	"port 80", "tcp port 80", "udp src port 53", "dst port 443", "port 80 or 443", "tcp port (80 or 53)", "tcp dst port 80 or udp src port 53",
	"portrange 50-90", "udp portrange 1-60", "src portrange 400-500", "sctp port 9", "port domain", "tcp port http",
	"ether host 02:00:00:00:00:01", "ether src 02:00:00:00:00:02", "ether dst ff:ff:ff:ff:ff:ff", "ether proto 0x88b5", `ether proto \ip`,
	"broadcast", "ether broadcast", "multicast", "ip multicast", "ip6 multicast", "not multicast",
	"ip proto 17", `ip proto \tcp`, "ip6 proto 58", "proto 6",
	"less 64", "greater 90", "len > 70", "len <= 70 and ip", "len = 100",
	"tcp[tcpflags] & tcp-syn != 0", "tcp[13] = 18", "tcp[tcpflags] & (tcp-syn|tcp-ack) = tcp-syn", "udp[4:2] > 8", "ip[8] < 64",
	"ip[2:2] - 20 > 30", "ether[0] & 1 = 1", "icmp[icmptype] = icmp-echo", "icmp6[icmp6type] = 135", "ip6[6] = 17", "ip[0] & 0xf != 5",
	"(ip[2:2] - ((ip[0]&0xf)<<2)) > 20", "len - 14 > 50", "ether[12:2] = 0x800", "ip[ip[9]] > 3", "arp[6:2] = 1", "tcp[0:2] * 2 > 160",
	"4 + 3 * 2 = 10", "7 % 4 = 3 and tcp", "(1 + len) / 2 > 32", "6 ^ 3 = 5",
	"vlan", "vlan 5", "vlan and ip", "vlan 5 and tcp port 80", "vlan and vlan", "not vlan", "vlan 7 and host 10.0.0.1",
	"mpls", "mpls 100", "mpls and ip", "mpls 100 and host 10.0.0.1", "mpls and mpls 20", "mpls and mpls and ip6", "mpls 20 and tcp port 80",
	"vlan and mpls", "not mpls", "mpls and udp[4:2] > 8", "mpls and ip6 host fd00::1", "mpls 100 and net 10",
	"pppoed", "pppoes", "pppoes 5", "pppoes and ip", "pppoes 7 and host 10.0.0.1", "pppoes and tcp port 80", "pppoes and ip6", "pppoes and mpls",
	"vlan and pppoes and udp", "pppoes and ether proto 0x88b5",
	"inbound", "outbound", "not inbound", "inbound and tcp or outbound and udp", "outbound and vlan 5 and ip",
	"host 10.0.0.1 and not port 22 and (tcp or udp)", "udp dst port 9 and not (src net 10.1.0.0/16 or broadcast)",
}

// What a filter says of a packet is what tcpdump's own program says, over many packets near its edges.
func TestAgainstTcpdump(t *testing.T) {
	tcpdump, err := exec.LookPath("tcpdump")
	if err != nil {
		t.Skip("tcpdump is not installed")
	}
	packets := somePackets(4000)
	for _, filter := range filters {
		code, err := Compile(filter)
		if err != nil {
			t.Errorf("%s: %v", filter, err)
			continue
		}
		program := tcpdumpCode(t, tcpdump, filter)
		ours := [2]*bpf.VM{machine(t, code, false), machine(t, code, true)}
		theirs := [2]*bpf.VM{machine(t, program, false), machine(t, program, true)}
		yes := 0
		for i, packet := range packets {
			a, b := run(t, ours[i%2], packet), run(t, theirs[i%2], packet)
			if a {
				yes++
			}
			if a != b {
				t.Errorf("%s: %v, tcpdump says %v of %x", filter, a, b, packet)
				break
			}
		}
		if yes == 0 || yes == len(packets) && !strings.HasPrefix(filter, "4 +") && !strings.HasPrefix(filter, "6 ^") {
			t.Errorf("%s: yes to %d of %d packets tests nothing", filter, yes, len(packets))
		}
	}
}

func tcpdumpCode(t *testing.T, tcpdump, filter string) (code []bpf.RawInstruction) {
	t.Helper()
	out, err := exec.Command(tcpdump, "-ddd", "-y", "EN10MB", filter).Output()
	if err != nil {
		t.Fatalf("tcpdump -ddd %q: %v", filter, err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n")[1:] {
		var n [4]uint64
		for i, field := range strings.Fields(line) {
			if n[i], err = strconv.ParseUint(field, 10, 32); err != nil {
				t.Fatal(err)
			}
		}
		code = append(code, bpf.RawInstruction{Op: uint16(n[0]), Jt: uint8(n[1]), Jf: uint8(n[2]), K: uint32(n[3])})
	}
	return code
}

func machine(t testing.TB, code []bpf.RawInstruction, outbound bool) *bpf.VM {
	t.Helper()
	if _, ok := bpf.Disassemble(code); !ok {
		t.Fatalf("not all of %v can be disassembled", code)
	}
	vm, err := Machine(code, outbound)
	if err != nil {
		t.Fatal(err)
	}
	return vm
}

func run(t testing.TB, vm *bpf.VM, packet []byte) bool {
	t.Helper()
	n, err := vm.Run(packet)
	if err != nil {
		t.Fatal(err)
	}
	return n > 0
}

// somePackets makes frames of a few protocols, addresses and ports, all long enough for what the filters read.
func somePackets(n int) [][]byte {
	rnd := rand.New(rand.NewPCG(3, 4))
	pick := func(values ...uint64) uint64 { return values[rnd.IntN(len(values))] }
	var out [][]byte
	for range n {
		size := int(pick(100, 120, 200))
		f := make([]byte, size)
		for i := range f {
			f[i] = byte(rnd.Uint32())
		}
		macs := []uint64{0x020000000001, 0x020000000002, 0xffffffffffff, 0x01005e000001, 0x333300000001}
		mac := func(at int) { copy(f[at:], binary.BigEndian.AppendUint64(nil, pick(macs...))[2:]) }
		mac(0)
		mac(6)
		net := 14
		for rnd.IntN(4) == 0 && net < 26 {
			binary.BigEndian.PutUint16(f[net-2:], uint16(pick(0x8100, 0x88a8, 0x9100)))
			binary.BigEndian.PutUint16(f[net:], uint16(pick(5, 7, 0x6005)))
			net += 4
		}
		kind := uint16(pick(0x0800, 0x0800, 0x0800, 0x86dd, 0x86dd, 0x0806, 0x8035, 0x88b5))
		binary.BigEndian.PutUint16(f[net-2:], kind)
		switch around := rnd.IntN(6); {
		case around == 0 && kind < 0x0806 || around == 0 && kind == 0x86dd:
			net = mplsAround(f, net, rnd)
		case around == 1:
			net = pppAround(f, net, kind, rnd)
		}
		addr4 := func(at int) {
			binary.BigEndian.PutUint32(f[at:], uint32(pick(0x0a000001, 0x0a000002, 0x0a000101, 0x0a010001, 0xe0000001, 0xc0a80001)))
		}
		addr6 := func(at int) {
			copy(f[at:at+16], make([]byte, 16))
			binary.BigEndian.PutUint32(f[at:], uint32(pick(0xfd000000, 0xff020000, 0xfd010000)))
			f[at+15] = byte(pick(1, 2, 3))
		}
		proto := byte(pick(6, 6, 6, 17, 17, 1, 2, 58, 132, 50, 51, 103, 112, 44))
		payload := net + 40
		switch kind {
		case 0x0800:
			ihl := byte(pick(5, 5, 6, 8))
			f[net] = 0x40 | ihl
			payload = net + 4*int(ihl)
			binary.BigEndian.PutUint16(f[net+2:], uint16(pick(40, 48, 60, 86)))
			binary.BigEndian.PutUint16(f[net+6:], uint16(pick(0, 0x4000, 0x2000, 0x2001, 100)))
			f[net+8], f[net+9] = byte(pick(1, 63, 64, 255)), proto
			addr4(net + 12)
			addr4(net + 16)
		case 0x86dd:
			f[net], f[net+6], f[net+40] = 0x60, proto, byte(pick(6, 17, 58))
			addr6(net + 8)
			addr6(net + 24)
		case 0x0806, 0x8035:
			binary.BigEndian.PutUint16(f[net+6:], uint16(pick(1, 2)))
			addr4(net + 14)
			addr4(net + 24)
		}
		if kind == 0x0800 || kind == 0x86dd && f[net+6] != 44 {
			for _, at := range []int{0, 2} {
				binary.BigEndian.PutUint16(f[payload+at:], uint16(pick(80, 443, 53, 9, 22, 49, 50, 90, 91, 400, 2048, 0x8700)))
			}
			binary.BigEndian.PutUint16(f[payload+4:], uint16(pick(8, 9, 20)))
			f[payload+13] = byte(pick(2, 16, 18, 1, 24))
			if proto == 1 || proto == 58 {
				f[payload] = byte(pick(8, 0, 135, 136))
			}
		}
		if rnd.IntN(2) == 0 && payload+20 < size {
			f = f[:max(payload+20, 60)]
		}
		out = append(out, f)
	}
	return out
}

// mplsAround puts labels in front of a header at net, and says where that is then.
func mplsAround(f []byte, net int, rnd *rand.Rand) int {
	binary.BigEndian.PutUint16(f[net-2:], typeMPLS)
	for labels := 1 + rnd.IntN(2); labels > 0; labels-- {
		label := []uint32{100, 20, 3}[rnd.IntN(3)]<<12 | uint32(rnd.IntN(256))
		if labels == 1 && rnd.IntN(8) > 0 {
			label |= 1 << 8 // the bottom
		}
		binary.BigEndian.PutUint32(f[net:], label)
		net += 4
	}
	return net
}

// pppAround puts the headers of a PPP session over Ethernet in front of one at net of this type.
func pppAround(f []byte, net int, kind uint16, rnd *rand.Rand) int {
	binary.BigEndian.PutUint16(f[net-2:], []uint16{typePPPoES, typePPPoES, typePPPoES, typePPPoED}[rnd.IntN(4)])
	copy(f[net:], []byte{0x11, 0, 0, []byte{5, 7}[rnd.IntN(2)], 0, 40})
	if inside, ok := pppTypes[uint32(kind)]; ok {
		kind = uint16(inside)
	}
	if rnd.IntN(8) == 0 {
		kind = 0x281
	}
	binary.BigEndian.PutUint16(f[net+6:], kind)
	return net + 8
}

func TestRefused(t *testing.T) {
	for filter, want := range map[string]string{
		"foo":                        `"foo" is not expected here`,
		"host example.org":           "names are not looked up",
		"port 70000":                 "not 0 to 65535",
		"ip and":                     "the end is not expected",
		"(ip":                        `")" is missing`,
		"ip)":                        `")" is not expected`,
		"tcp[0:3] = 1":               "N is 1, 2 or 4",
		"tcp[0]":                     "a comparison",
		"net 10.0.0.1/8":             "outside of its mask",
		"ether host 1":               "not an Ethernet address",
		"tcp host 10.0.0.1":          "tcp does not go with",
		"icmp port 7":                "icmp has no ports",
		"ip broadcast":               "not known here",
		"vlan 5000":                  "not 0 to 4095",
		"ip # udp":                   "not of its language",
		"mpls and arp":               "only ip and ip6 can be told behind mpls",
		"mpls and vlan":              "no vlan behind",
		"mpls and pppoes":            "no pppoes behind",
		"mpls 1048576":               "not 0 to 1048575",
		"pppoes 65536":               "not 0 to 65535",
		"ether":                      "stands before",
		"arp proto 1":                "does not go with",
		strings.Repeat("(", 200):     "parentheses deep",
		strings.Repeat("not ", 2000): "more than 1000 words",
		"1 + " + strings.Repeat("(1+", 30) + "1" + strings.Repeat(")", 30) + " = 1": "too deep",
	} {
		code, err := Compile(filter)
		if err == nil || !strings.Contains(err.Error(), want) || code != nil {
			t.Errorf("%.40s: %v, want %q", filter, err, want)
		}
	}
}

// Whatever is compiled either is refused or is a program that ends for any packet.
func FuzzCompile(f *testing.F) {
	for _, filter := range filters {
		f.Add(filter, []byte("\xff\xff\xff\xff\xff\xff\x02\x00\x00\x00\x00\x01\x08\x00E"))
	}
	f.Fuzz(func(t *testing.T, filter string, packet []byte) {
		code, err := Compile(filter)
		if (err == nil) == (code == nil) {
			t.Fatalf("%d instructions and error %v", len(code), err)
		}
		if err == nil {
			run(t, machine(t, code, len(packet)%2 == 0), packet)
		}
	})
}
