package plugin

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/valelab/valelab/runtime/plugin/protocol"
)

// undoTime is how long it may take to take back what has failed.
const undoTime = 5 * time.Second

// createEndpoint writes an endpoint down. Its devices are made when it joins.
func (d *Driver) createEndpoint(ctx context.Context, q *protocol.CreateEndpointRequest) (*protocol.CreateEndpointReply, error) {
	given := protocol.Interface{}
	if q.Interface != nil {
		given = *q.Interface
	}
	o, err := parseEndpointOptions(q.Options)
	if err != nil {
		return nil, err
	}
	e := Endpoint{
		ID: q.EndpointID, Network: q.NetworkID, IPv4: given.Address, IPv6: given.AddressIPv6,
		Name: o.Name, Port: o.Port, Made: d.now(),
	}
	if err := e.address(given.MacAddress, o.MAC); err != nil {
		return nil, err
	}
	known, unlock, err := d.working(ctx, e.Network)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if _, err := d.networkOf(known, e.Network); err != nil {
		return nil, err
	}
	if err := d.apart(known, e); err != nil {
		return nil, err
	}
	if old, ok := known.endpoint(e.ID); ok {
		e.Made, e.Sandbox, e.Inside = old.Made, old.Sandbox, old.Inside
	}
	if err := known.putEndpoint(e); err != nil {
		return nil, err
	}
	if ports(q.Options) {
		d.log.Warn("published ports have no effect on this network", "network", e.Network, "endpoint", e.ID)
	}
	r := &protocol.CreateEndpointReply{Interface: &protocol.Interface{}}
	if given.MacAddress == "" {
		r.Interface.MacAddress = e.MAC
	}
	return r, nil
}

// ports says whether a container's ports are to be published.
func ports(options map[string]any) bool {
	list, _ := options["com.docker.network.portmap"].([]any)
	return len(list) > 0
}

// address gives the endpoint its MAC, and checks the others.
func (e *Endpoint) address(given, option string) error {
	for _, address := range []string{e.IPv4, e.IPv6} {
		if address == "" {
			continue
		}
		if _, err := netip.ParsePrefix(address); err != nil {
			return fmt.Errorf("address %.60q: %w", address, err)
		}
	}
	seed := e.ID
	switch {
	case given != "":
		mac, err := parseMAC(given)
		if err != nil {
			return err
		}
		if option != "" && option != mac {
			return fmt.Errorf("option mac: %s, and the container's is %s", option, mac)
		}
		e.MAC = mac
		return nil
	case option != "":
		e.MAC = option
		return nil
	case e.IPv4 != "":
		seed = e.IPv4
	case e.IPv6 != "":
		seed = e.IPv6
	}
	e.MAC = stableMAC(e.Network, seed)
	return nil
}

// apart says whether an endpoint's own names and addresses are nobody else's.
// Containers of an engine that was killed have none any more, though nobody has
// said so yet.
func (d *Driver) apart(known *records, e Endpoint) error {
	_, all := known.all()
	for _, o := range all {
		switch {
		case o.ID == e.ID, o.Sandbox == "":
		case e.Port != "" && o.Port == e.Port && d.fabric.Alive(o.Sandbox):
			return fmt.Errorf("option port: %s is the name of another endpoint", e.Port)
		case o.Network == e.Network && o.MAC == e.MAC && o.IPv4 != e.IPv4 && d.fabric.Alive(o.Sandbox):
			return fmt.Errorf("option mac: %s is that of another container on the network", e.MAC)
		}
	}
	return nil
}

// networkOf returns a network that must be there.
func (d *Driver) networkOf(known *records, id string) (Network, error) {
	n, ok := known.network(id)
	if !ok {
		d.poke() // the engine may know it
		return n, fmt.Errorf("network %s is not known to the plugin; hint: try again, it is being asked for", short(id))
	}
	return n, nil
}

// join makes an endpoint's devices and its port, for a container.
func (d *Driver) join(ctx context.Context, q *protocol.JoinRequest) (*protocol.JoinReply, error) {
	if q.SandboxKey == "" {
		return nil, fmt.Errorf("endpoint %s: it joins no container: SandboxKey is missing", short(q.EndpointID))
	}
	known, unlock, err := d.working(ctx, q.NetworkID)
	if err != nil {
		return nil, err
	}
	defer unlock()
	n, err := d.networkOf(known, q.NetworkID)
	if err != nil {
		return nil, err
	}
	e, ok := known.endpoint(q.EndpointID)
	if !ok || e.Network != n.ID {
		return nil, fmt.Errorf("there is no endpoint %s in network %s", short(q.EndpointID), n.Label())
	}
	if e.Sandbox == q.SandboxKey {
		if there, err := d.fabric.Plugged(enginePlug(n, e)); err != nil || there {
			return joinReply(n, e), err // the same again; the other end may have been taken already
		}
	}
	if err := d.connect(ctx, known, n, e, q.SandboxKey); err != nil {
		return nil, err
	}
	return joinReply(n, e), nil
}

// connect makes an endpoint's devices for a container and writes it down.
func (d *Driver) connect(ctx context.Context, known *records, n Network, e Endpoint, sandbox string) error {
	if err := d.start(ctx); err != nil {
		return err
	}
	before := e
	e.Sandbox, e.Inside = sandbox, ""
	if err := known.putEndpoint(e); err != nil {
		return err
	}
	err := d.degrade(known, &n)
	if err == nil {
		err = d.fabric.PutSwitch(ctx, n.Options.Switch, n.Kernel) // a new agent may not have got it yet
	}
	if err == nil {
		err = d.fabric.Plug(ctx, enginePlug(n, e))
	}
	if err != nil {
		inner, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
		defer cancel()
		if uerr := d.fabric.Unplug(inner, enginePlug(n, e)); uerr != nil {
			d.log.Error("take back", "endpoint", e.ID, "error", uerr)
		} else if perr := known.putEndpoint(before); perr != nil {
			d.log.Error("take back", "endpoint", e.ID, "error", perr)
		}
		return err
	}
	d.poke() // its name in the container is to be found out
	return nil
}

// leave takes an endpoint from its container. Its devices stay: the engine has
// not given the other end back yet.
func (d *Driver) leave(ctx context.Context, q *protocol.EndpointRequest) (*protocol.Nothing, error) {
	_, unlock, err := d.working(ctx, q.NetworkID)
	if err != nil {
		return nil, err
	}
	unlock()
	return &protocol.Nothing{}, nil
}

// deleteEndpoint removes an endpoint with its devices. One that is not there is
// fine.
func (d *Driver) deleteEndpoint(ctx context.Context, q *protocol.EndpointRequest) (*protocol.Nothing, error) {
	known, unlock, err := d.working(ctx, q.NetworkID)
	if err != nil {
		return nil, err
	}
	defer unlock()
	e, ok := known.endpoint(q.EndpointID)
	n, there := known.network(q.NetworkID)
	if !ok || !there || e.Network != n.ID {
		return &protocol.Nothing{}, nil
	}
	if err := d.removeEndpoint(ctx, known, n, e); err != nil {
		return nil, err
	}
	return &protocol.Nothing{}, nil
}

// removeEndpoint removes an endpoint of a network whose lock the caller holds.
func (d *Driver) removeEndpoint(ctx context.Context, known *records, n Network, e Endpoint) error {
	if e.Sandbox != "" {
		if err := d.fabric.Unplug(ctx, enginePlug(n, e)); err != nil {
			return err
		}
	}
	return known.dropEndpoint(e.ID)
}

// joinReply tells the engine which device to take.
func joinReply(n Network, e Endpoint) *protocol.JoinReply {
	r := &protocol.JoinReply{
		InterfaceName:         protocol.InterfaceName{SrcName: parkDevice(e.ID), DstPrefix: n.Options.Prefix, DstName: e.Name},
		StaticRoutes:          []protocol.StaticRoute{},
		DisableGatewayService: true,
	}
	if n.Options.Gateway {
		for _, gateway := range n.gateways() {
			if gateway.Addr().Is4() {
				r.Gateway = gateway.Addr().String()
			} else {
				r.GatewayIPv6 = gateway.Addr().String()
			}
		}
	}
	return r
}

// enginePlug is an endpoint whose other end waits for the engine.
func enginePlug(n Network, e Endpoint) plug {
	return plug{
		ID: e.ID, Node: sandboxNode(e.Sandbox), Interface: portName(e.ID), Switch: n.Options.Switch, Kernel: n.Kernel,
		Device: labDevice(e.ID), MTU: n.Options.MTU, MAC: e.MAC, Rings: n.Options.Rings, Slots: n.Options.Slots,
		Far: parkDevice(e.ID), Parked: true,
	}
}
