package plugin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"slices"

	"github.com/valelab/valelab/runtime/link"
)

// heal makes everything that is written down and not there: all of it after the
// keeper was lost, and what a killed plugin has left half made.
func (d *Driver) heal(ctx context.Context, known *records) error {
	networks, _ := known.all()
	var errs []error
	for _, n := range networks {
		if err := d.healNetwork(ctx, known, n.ID); err != nil {
			errs = append(errs, fmt.Errorf("network %s: %w", n.Label(), err))
		}
	}
	return errors.Join(errs...)
}

func (d *Driver) healNetwork(ctx context.Context, known *records, id string) error {
	unlock, err := d.locks.lock(ctx, id)
	if err != nil {
		return err
	}
	defer unlock()
	n, ok := known.network(id)
	if !ok {
		return nil
	}
	d.shared.Lock()
	if err = d.degrade(known, &n); err == nil {
		err = d.furnish(ctx, n)
	}
	d.shared.Unlock()
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range known.of(id) {
		if err := d.healEndpoint(ctx, known, n, e); err != nil {
			errs = append(errs, fmt.Errorf("endpoint %s: %w", short(e.ID), err))
		}
	}
	return errors.Join(errs...)
}

// healEndpoint makes the devices of an endpoint anew that has lost them, in the
// namespace of its container. The network's lock is held.
func (d *Driver) healEndpoint(ctx context.Context, known *records, n Network, e Endpoint) error {
	if e.Sandbox == "" {
		return nil
	}
	p := enginePlug(n, e)
	if there, err := d.fabric.Plugged(p); err != nil {
		return err
	} else if there {
		return d.fabric.Replug(ctx, p)
	}
	if !d.fabric.Alive(e.Sandbox) {
		return nil // the container is gone: the engine tells what becomes of the endpoint
	}
	p, err := d.insidePlug(n, e)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it just went
	}
	if err != nil {
		return err
	}
	if err := d.fabric.Plug(ctx, p); err != nil {
		return err
	}
	d.log.Info("devices made anew", "network", n.Label(), "endpoint", e.ID, "interface", p.Far)
	e.Inside = p.Far
	return known.putEndpoint(e)
}

// insidePlug is an endpoint whose other end is in its container, as an engine
// would have it there.
func (d *Driver) insidePlug(n Network, e Endpoint) (plug, error) {
	p := enginePlug(n, e)
	p.Parked, p.Path, p.Far = false, e.Sandbox, e.Inside
	for _, address := range []string{e.IPv4, e.IPv6} {
		if prefix, err := netip.ParsePrefix(address); err == nil {
			p.Addresses = append(p.Addresses, prefix)
		}
	}
	if n.Options.Gateway {
		for _, gateway := range n.gateways() {
			p.Gateways = append(p.Gateways, gateway.Addr())
		}
	}
	if p.Far == "" {
		var err error
		if p.Far, err = freeName(e.Sandbox, n.Options.Prefix); err != nil {
			return p, err
		}
	}
	return p, nil
}

// freeName returns what an engine would call the next interface in a namespace.
func freeName(path, prefix string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	ns, err := link.Open(file)
	if err != nil {
		return "", err
	}
	defer ns.Close()
	taken, err := ns.Devices()
	if err != nil {
		return "", err
	}
	for i := 0; ; i++ {
		if name := fmt.Sprintf("%s%d", prefix, i); !slices.Contains(taken, name) {
			return name, nil
		}
	}
}
