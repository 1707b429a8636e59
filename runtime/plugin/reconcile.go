package plugin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/valelab/valelab/runtime/docker"
)

// engine is what the plugin asks of an engine. *docker.Engine is one.
type engine interface {
	Networks(ctx context.Context, driver string) ([]docker.Network, error)
	Sandbox(ctx context.Context, container string) (string, error)
	WatchNetworks(ctx context.Context, changed func(), lost func(error))
}

// grace is how long something may be known here that an engine does not list,
// having never listed it: it may be just making it.
const grace = time.Minute

// reconcile compares what is written down with what an engine has, whose word
// counts. It returns whether something is to be looked at again soon.
func (d *Driver) reconcile(ctx context.Context, known *records, have []docker.Network, eng engine) (err error) {
	listed := make(map[string]*docker.Network, len(have))
	var errs []error
	for i := range have {
		listed[have[i].ID] = &have[i]
		if err := d.adoptNetwork(ctx, known, &have[i]); err != nil {
			errs = append(errs, fmt.Errorf("network %s: %w", have[i].Name, err))
			continue
		}
		if err := d.adoptEndpoints(ctx, known, &have[i], eng); err != nil {
			errs = append(errs, fmt.Errorf("network %s: %w", have[i].Name, err))
		}
	}
	networks, _ := known.all()
	for _, n := range networks {
		if err := d.collect(ctx, known, n, listed[n.ID]); err != nil {
			errs = append(errs, fmt.Errorf("network %s: %w", n.Label(), err))
		}
	}
	return errors.Join(errs...)
}

// adoptNetwork takes a network over that the engine has and the plugin has not,
// and notes its name.
func (d *Driver) adoptNetwork(ctx context.Context, known *records, have *docker.Network) error {
	unlock, err := d.locks.lock(ctx, have.ID)
	if err != nil {
		return err
	}
	defer unlock()
	n, ok := known.network(have.ID)
	if ok {
		if n.Name == have.Name {
			return nil
		}
		n.Name = have.Name
		return known.putNetwork(n)
	}
	generic := make(map[string]any, len(have.Options))
	for key, value := range have.Options {
		generic[key] = value
	}
	n = Network{ID: have.ID, Name: have.Name, Made: d.now()}
	if n.Options, err = parseOptions(have.ID, map[string]any{genericKey: generic}); err != nil {
		return err
	}
	for _, s := range have.Subnets {
		n.Subnets = append(n.Subnets, Subnet{Pool: s.Pool, Gateway: withBits(s.Gateway, s.Pool)})
	}
	if err := n.check(); err != nil {
		return err
	}
	d.log.Info("network taken over from the engine", "network", n.Name)
	return d.makeNetwork(ctx, known, n)
}

// adoptEndpoints takes over endpoints that the engine has and the plugin has
// not, and notes the names of containers.
func (d *Driver) adoptEndpoints(ctx context.Context, known *records, have *docker.Network, eng engine) error {
	var errs []error
	for _, e := range have.Endpoints {
		if _, ok := known.endpoint(e.ID); ok {
			errs = append(errs, d.noteEndpoint(ctx, known, have.ID, e))
			continue
		}
		sandbox, err := eng.Sandbox(ctx, e.Container)
		if err == nil && sandbox != "" {
			err = d.adoptEndpoint(ctx, known, have.ID, e, sandbox)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// noteEndpoint notes what the engine says of an endpoint.
func (d *Driver) noteEndpoint(ctx context.Context, known *records, network string, have docker.NetworkEndpoint) error {
	unlock, err := d.locks.lock(ctx, network)
	if err != nil {
		return err
	}
	defer unlock()
	e, ok := known.endpoint(have.ID)
	if !ok || e.Listed && e.Container == have.Name {
		return nil
	}
	e.Listed, e.Container = true, have.Name
	return known.putEndpoint(e)
}

// adoptEndpoint takes over the endpoint of a container that runs.
func (d *Driver) adoptEndpoint(ctx context.Context, known *records, network string, have docker.NetworkEndpoint, sandbox string) error {
	unlock, err := d.locks.lock(ctx, network)
	if err != nil {
		return err
	}
	defer unlock()
	n, there := known.network(network)
	if _, ok := known.endpoint(have.ID); ok || !there {
		return nil
	}
	e := Endpoint{
		ID: have.ID, Network: network, IPv4: have.IPv4, IPv6: have.IPv6, Made: d.now(),
		Sandbox: sandbox, Container: have.Name, Listed: true,
	}
	if err := e.address(have.MAC, ""); err != nil {
		return err
	}
	if err := known.putEndpoint(e); err != nil {
		return err
	}
	d.log.Info("endpoint taken over from the engine", "network", n.Label(), "container", have.Name)
	return d.healEndpoint(ctx, known, n, e)
}

// collect removes what the engine no longer has. listed is nil for a network that
// it has not.
func (d *Driver) collect(ctx context.Context, known *records, n Network, listed *docker.Network) error {
	unlock, err := d.locks.lock(ctx, n.ID)
	if err != nil {
		return err
	}
	defer unlock()
	n, ok := known.network(n.ID)
	if !ok {
		return nil
	}
	if listed == nil {
		if n.Name == "" && d.now().Sub(n.Made) < grace {
			return nil
		}
		d.log.Info("network that the engine does not have is removed", "network", n.Label())
		return d.removeNetwork(ctx, known, n)
	}
	have := make(map[string]bool, len(listed.Endpoints))
	for _, e := range listed.Endpoints {
		have[e.ID] = true
	}
	var errs []error
	for _, e := range known.of(n.ID) {
		if have[e.ID] || !e.Listed && d.now().Sub(e.Made) < grace {
			continue
		}
		d.log.Info("endpoint that the engine does not have is removed", "network", n.Label(), "endpoint", e.ID)
		errs = append(errs, d.removeEndpoint(ctx, known, n, e))
	}
	return errors.Join(errs...)
}

// withBits completes an address with the prefix length of its subnet.
func withBits(address, pool string) string {
	if address == "" {
		return ""
	}
	for i := len(pool) - 1; i >= 0; i-- {
		if pool[i] == '/' {
			return address + pool[i:]
		}
	}
	return address
}
