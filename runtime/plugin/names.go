package plugin

import (
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/netip"
	"path/filepath"
	"regexp"
)

// short is as much of an id as people want to see.
func short(id string) string { return id[:min(12, len(id))] }

// digest is a part of a name that follows from an id, of digits characters.
func digest(id string, digits int) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:])[:digits]
}

// The names of what an endpoint is made of. A name of a device has at most 15
// characters.
func labDevice(endpoint string) string  { return "p" + digest(endpoint, 14) }
func parkDevice(endpoint string) string { return "vl" + digest(endpoint, 12) } // in the machine's namespace
func portName(endpoint string) string   { return "e" + digest(endpoint, 12) }  // at the agent

// hostDevice is the machine's own interface on a network.
func hostDevice(network string) string { return "vn-" + short(network) }

// The guest that is the machine itself.
const machineNode = "machine"

var sandboxName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)

// sandboxNode is the guest of a container's network namespace.
func sandboxNode(path string) string {
	base := filepath.Base(path)
	if !sandboxName.MatchString(base) {
		base = digest(path, 12)
	}
	return "c" + base
}

// stableMAC is the address of an interface that is given none. It follows from
// the network and the IP address, so that those who have talked to it before find
// it again when its container was restarted.
func stableMAC(network, address string) string {
	if prefix, err := netip.ParsePrefix(address); err == nil {
		address = prefix.Addr().String()
	}
	sum := sha256.Sum256([]byte(network + " " + address))
	return net.HardwareAddr{0x02, sum[0], sum[1], sum[2], sum[3], sum[4]}.String()
}
