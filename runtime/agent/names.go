package agent

import (
	"regexp"
	"strings"
)

var (
	nodeName   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$`)
	switchName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.:-]{0,199}$`) // that of a wire holds two endpoints
	trunkName  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,30}$`)   // a switch that is no wire
)

// isDevice says whether the kernel could know a netdev by this name.
func isDevice(name string) bool {
	return name != "" && len(name) <= 15 && name != "." && name != ".." &&
		!strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' || r == '/' || r == ':' })
}

// portName is what the port of an endpoint is called on its switch.
func portName(node, iface string) string { return node + ":" + iface }

// trunkKey is what a trunk, and its port at either switch, is called.
func trunkKey(a, b string) string { return a + "--" + b }
