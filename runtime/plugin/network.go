package plugin

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/valelab/valelab/runtime/plugin/protocol"
)

// createNetwork makes a network. The same again is fine.
func (d *Driver) createNetwork(ctx context.Context, q *protocol.CreateNetworkRequest) (*protocol.Nothing, error) {
	n := Network{ID: q.NetworkID, Made: d.now()}
	var err error
	if n.Options, err = parseOptions(q.NetworkID, q.Options); err != nil {
		return nil, err
	}
	if n.Subnets, err = subnets(q.IPv4Data, q.IPv6Data); err != nil {
		return nil, err
	}
	if err := n.check(); err != nil {
		return nil, err
	}
	known, unlock, err := d.working(ctx, n.ID)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if old, ok := known.network(n.ID); ok && old.Options != n.Options {
		return nil, fmt.Errorf("network %s is there already, with other options", short(n.ID))
	}
	if err := d.makeNetwork(ctx, known, n); err != nil {
		return nil, err
	}
	return &protocol.Nothing{}, nil
}

// makeNetwork makes what a network consists of and writes it down. What it could
// not do whole it takes back.
func (d *Driver) makeNetwork(ctx context.Context, known *records, n Network) error {
	if err := d.start(ctx); err != nil {
		return err
	}
	d.shared.Lock()
	defer d.shared.Unlock()
	if err := d.fits(known, n); err != nil {
		return err
	}
	if err := d.resolve(known, &n); err != nil {
		return err
	}
	// Written first: what is made is known to somebody whatever happens.
	_, before := known.network(n.ID)
	if err := known.putNetwork(n); err != nil {
		return err
	}
	err := d.furnish(ctx, n)
	if err != nil && !before {
		inner, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
		defer cancel()
		err = errors.Join(err, d.clearNetwork(inner, known, n))
	}
	return err
}

// furnish makes a network's switch and its ports that are no container's.
func (d *Driver) furnish(ctx context.Context, n Network) error {
	if err := d.fabric.PutSwitch(ctx, n.Options.Switch, n.Kernel); err != nil {
		return err
	}
	if n.Options.Uplink != "" {
		if err := d.fabric.PutUplink(ctx, n.Options.Uplink, n.Options.Switch, n.Kernel); err != nil {
			return err
		}
	}
	if !n.Options.Host {
		return nil
	}
	p := hostPlug(n)
	if err := d.fabric.Plug(ctx, p); err != nil {
		return err
	}
	return d.labelHost(ctx, n.ID)
}

// fits says whether a network can be beside the others.
func (d *Driver) fits(known *records, n Network) error {
	networks, _ := known.all()
	for _, o := range networks {
		if o.ID != n.ID && n.Options.Uplink != "" && o.Options.Uplink == n.Options.Uplink && o.Options.Switch != n.Options.Switch {
			return fmt.Errorf("option uplink: %s is that of network %s; hint: switch=%s shares its switch",
				n.Options.Uplink, o.Label(), o.Options.Switch)
		}
	}
	return nil
}

// Label is what to call a network: its name, once the engine has told it.
func (n *Network) Label() string {
	if n.Name != "" {
		return n.Name
	}
	return short(n.ID)
}

// deleteNetwork removes a network with what is left in it. One that is not there
// is fine.
func (d *Driver) deleteNetwork(ctx context.Context, q *protocol.NetworkRequest) (*protocol.Nothing, error) {
	known, unlock, err := d.working(ctx, q.NetworkID)
	if err != nil {
		return nil, err
	}
	defer unlock()
	n, ok := known.network(q.NetworkID)
	if !ok {
		return &protocol.Nothing{}, nil
	}
	if err := d.removeNetwork(ctx, known, n); err != nil {
		return nil, err
	}
	return &protocol.Nothing{}, nil
}

// removeNetwork removes a network, whose lock the caller holds.
func (d *Driver) removeNetwork(ctx context.Context, known *records, n Network) error {
	for _, e := range known.of(n.ID) {
		if err := d.removeEndpoint(ctx, known, n, e); err != nil {
			return err
		}
	}
	d.shared.Lock()
	defer d.shared.Unlock()
	return d.clearNetwork(ctx, known, n)
}

// clearNetwork removes what furnish has made, as far as no other network has it,
// and forgets the network.
func (d *Driver) clearNetwork(ctx context.Context, known *records, n Network) error {
	var errs []error
	if n.Options.Host {
		errs = append(errs, d.fabric.Unplug(ctx, hostPlug(n)))
	}
	networks, _ := known.all()
	shares := func(with func(Options) bool) bool {
		for _, o := range networks {
			if o.ID != n.ID && with(o.Options) {
				return true
			}
		}
		return false
	}
	if n.Options.Uplink != "" && !shares(func(o Options) bool { return o.Uplink == n.Options.Uplink }) {
		errs = append(errs, d.fabric.DeleteUplink(ctx, n.Options.Uplink))
	}
	if !shares(func(o Options) bool { return o.Switch == n.Options.Switch }) {
		errs = append(errs, d.fabric.DeleteSwitch(ctx, n.Options.Switch))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return known.dropNetwork(n.ID)
}

// subnets reads what the engine's address management has for a network. A pool
// of everything is what the null one has.
func subnets(lists ...[]protocol.IPAMData) (all []Subnet, err error) {
	for _, list := range lists {
		for _, data := range list {
			pool, err := netip.ParsePrefix(data.Pool)
			if err != nil {
				return nil, fmt.Errorf("subnet %.60q: %w", data.Pool, err)
			}
			if pool.Bits() == 0 {
				continue
			}
			if data.Gateway != "" {
				if _, err := netip.ParsePrefix(data.Gateway); err != nil {
					return nil, fmt.Errorf("gateway %.60q: %w", data.Gateway, err)
				}
			}
			all = append(all, Subnet{Pool: data.Pool, Gateway: data.Gateway})
		}
	}
	return all, nil
}

// check says what of a network can't be.
func (n *Network) check() error {
	v6, gateway := false, false
	for _, s := range n.Subnets {
		pool, err := netip.ParsePrefix(s.Pool)
		if err != nil {
			return err
		}
		v6 = v6 || pool.Addr().Is6()
		gateway = gateway || s.Gateway != ""
	}
	if v6 && n.Options.MTU < minMTUIPv6 {
		return fmt.Errorf("option mtu: %d: IPv6 needs at least %d", n.Options.MTU, minMTUIPv6)
	}
	if n.Options.Gateway && !gateway {
		return errors.New("option gateway: the network has no gateway's address; hint: --gateway ADDRESS")
	}
	return nil
}

// gateways returns the addresses of a network's gateways, with prefix lengths.
func (n *Network) gateways() (all []netip.Prefix) {
	for _, s := range n.Subnets {
		if prefix, err := netip.ParsePrefix(s.Gateway); err == nil {
			all = append(all, prefix)
		}
	}
	return all
}

// hostPlug is the machine's own port.
func hostPlug(n Network) plug {
	return plug{
		ID: n.ID, Node: machineNode, Interface: portName(n.ID), Switch: n.Options.Switch, Kernel: n.Kernel, Device: labDevice(n.ID),
		MTU: n.Options.MTU, MAC: stableMAC(n.ID, machineNode), Rings: n.Options.Rings, Slots: n.Options.Slots,
		Far: hostDevice(n.ID), Addresses: n.gateways(),
	}
}
