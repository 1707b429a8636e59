package serve

import (
	"fmt"
	"strings"
)

const (
	valePrefix = "vale"
	maxIfName  = 15 // bytes of a network device's name, and of a switch's
)

// isVALE says whether a name is that of a port of a switch. Netmap looks at no
// more than three letters.
func isVALE(name string) bool { return strings.HasPrefix(name, valePrefix[:3]) }

// isPipe says whether a name is that of an end of a pipe.
func isPipe(name string) bool { return strings.ContainsAny(name, "{}") }

// cutPort cuts SWITCH:PORT in two.
func cutPort(name string) (on, port string, ok bool) {
	on, port, ok = strings.Cut(name, ":")
	if !ok || len(on) < len(valePrefix) || len(on) > maxIfName || len(port) > maxIfName {
		return "", "", false
	}
	for _, c := range []byte(on) {
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_') {
			return "", "", false
		}
	}
	return on, port, true
}

// isDevice says whether a network device could be called so.
func isDevice(name string) bool {
	return name != "" && len(name) <= maxIfName && name != "." && name != ".." && !strings.ContainsAny(name, "/: \t\n\v\f\r")
}

// Owner tells by the names that a port and its switch have in the engine which
// node's programs have made it, and what they call it; on a switch of the lab,
// what stands behind the colon. An empty node: none's.
func Owner(on, port string) (node, name string) {
	node, own, made := strings.Cut(on, "/")
	if !made {
		if node, name, made = strings.Cut(port, "/"); !made {
			return "", ""
		}
		return node, name
	}
	hidden, ok := strings.CutPrefix(own, "~")
	switch at := strings.LastIndexByte(hidden, braces[0]); {
	case !ok:
		return node, own + ":" + port
	case at >= 0 && strings.Contains(braces, port): // an end of a pipe
		return node, hidden[:at] + port + hidden[at+1:]
	}
	return node, hidden
}

// unique gives a hidden bridge a name that no other has, and no program can say.
func (s *Space) unique(name string) string {
	taken := make(map[string]bool)
	for b := range s.hidden {
		taken[b.name] = true
	}
	if !taken[name] {
		return name
	}
	for i := 2; ; i++ {
		if n := fmt.Sprintf("%s~%d", name, i); !taken[n] {
			return n
		}
	}
}
