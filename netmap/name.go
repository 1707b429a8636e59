package netmap

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// maxInterface is the longest interface name in bytes; that of a switch, and of its port, is as long at most.
const maxInterface = 15

// target is what a port name asks for.
type target struct {
	iface  string
	mode   uint32 // NR_REG_*
	ringID uint16 // NR_REG_ONE_NIC only
	flags  uint64 // NR_*
}

// parseName reads netmap:IF, netmap:IF^, netmap:IF*, netmap:IF-N or valeX:PORT, each with /FLAGS or without.
func parseName(name string) (target, error) {
	bad := func(format string, args ...any) (target, error) {
		return target{}, fmt.Errorf("%w: %s", ErrName, fmt.Sprintf(format, args...))
	}
	rest, ok := strings.CutPrefix(name, "netmap:")
	on := "" // the switch
	if !ok {
		var port string
		if on, port, ok = strings.Cut(name, ":"); !ok || !strings.HasPrefix(on, "vale") {
			return bad("it must begin with netmap: or valeX:")
		}
		if len(on) > maxInterface || strings.ContainsFunc(on, notInSwitch) {
			return bad("%q can't be a switch", on)
		}
		rest = port
	}
	t := target{mode: abi.NR_REG_ALL_NIC}
	rest, flags, _ := strings.Cut(rest, "/")
	for _, f := range flags {
		switch f {
		case 'x':
			t.flags |= abi.NR_EXCLUSIVE
		case 'R':
			t.flags |= abi.NR_RX_RINGS_ONLY
		case 'T':
			t.flags |= abi.NR_TX_RINGS_ONLY
		default:
			return bad("unknown flag %q", f)
		}
	}
	if t.flags&abi.NR_RX_RINGS_ONLY != 0 && t.flags&abi.NR_TX_RINGS_ONLY != 0 {
		return bad("flags R and T leave no ring")
	}
	end := strings.IndexAny(rest, "-^*{}@")
	if end < 0 {
		end = len(rest)
	}
	t.iface = rest[:end]
	switch suffix := rest[end:]; {
	case t.iface == "":
		return bad("no interface in it")
	case len(t.iface) > maxInterface:
		return bad("interface names have at most %d bytes", maxInterface)
	case strings.ContainsAny(t.iface, "\x00 \t\n:"):
		return bad("%q can't be an interface", t.iface)
	case suffix == "":
	case suffix == "^":
		t.mode = abi.NR_REG_SW
	case suffix == "*":
		t.mode = abi.NR_REG_NIC_SW
	case suffix[0] == '-':
		n, err := strconv.ParseUint(suffix[1:], 10, 12)
		if err != nil {
			return bad("%q is no ring number", suffix[1:])
		}
		t.mode, t.ringID = abi.NR_REG_ONE_NIC, uint16(n)
	default:
		return bad("unknown suffix %q", suffix)
	}
	if on != "" {
		t.iface = on + ":" + t.iface
	}
	return t, nil
}

// notInSwitch says whether a name with this letter is none of a switch.
func notInSwitch(r rune) bool {
	return !('0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r == '_')
}
