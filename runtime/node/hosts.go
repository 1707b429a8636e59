package node

import (
	"slices"
	"strings"
)

// localhost is what every /etc/hosts begins with.
const localhost = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"

// hostsFile returns the node's /etc/hosts. A node that the lab's lines do not
// name, having no address, still knows its own name.
func hostsFile(cfg *Config) []byte {
	text := localhost + string(cfg.Hosts)
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	if !slices.Contains(strings.Fields(text), cfg.hostname()) {
		text += "127.0.1.1\t" + cfg.hostname() + "\n"
	}
	return []byte(text)
}
