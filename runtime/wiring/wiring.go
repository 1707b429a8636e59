package wiring

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/valelab/valelab/runtime/link"
	"github.com/valelab/valelab/topology"
)

// Device returns the name of an endpoint's device in the lab's namespace.
// It depends on the endpoint alone, so that it is found again; names of nodes
// and interfaces are too long to be part of it.
func Device(node, iface string) string { return "p" + Hash(node + ":" + iface)[:14] }

// Hash makes names of what has too long a name: 64 hexadecimal digits.
func Hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// Pair translates a plan's endpoint for package link. former are addresses that
// other plans have given it.
func Pair(e *topology.Endpoint, former []string) (link.Pair, error) {
	p := link.Pair{
		Device: Device(e.Node, e.Interface), Alias: e.Node + ":" + e.Interface,
		Interface: e.Interface, MTU: e.MTU,
	}
	var err error
	if p.MAC, err = net.ParseMAC(e.MAC); err == nil {
		p.Addresses, err = prefixes(e.IPv4, e.IPv6)
	}
	if err == nil {
		p.Former, err = prefixes(former)
	}
	if err != nil {
		return p, fmt.Errorf("interface %s: %w", p.Alias, err)
	}
	return p, nil
}

// prefixes parses addresses with their prefix lengths.
func prefixes(lists ...[]string) (all []netip.Prefix, err error) {
	for _, s := range slices.Concat(lists...) {
		prefix, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, err
		}
		all = append(all, prefix)
	}
	return all, nil
}
