package docker

import (
	"context"
	"strings"

	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
)

// Network is a network of the engine that a plugin has made.
type Network struct {
	ID, Name  string
	Driver    string
	Options   map[string]string // those of the driver
	Internal  bool
	Subnets   []Subnet
	Endpoints []NetworkEndpoint
}

// Subnet is one of a network's.
type Subnet struct{ Pool, Gateway string }

// NetworkEndpoint is a container's interface on a network.
type NetworkEndpoint struct {
	ID              string
	Container, Name string
	MAC, IPv4, IPv6 string // addresses with prefix length; empty: none
}

// Networks returns the networks whose driver is called name, or the managed
// plugin of that name.
func (e *Engine) Networks(ctx context.Context, name string) ([]Network, error) {
	c, err := e.api()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	list, err := c.NetworkList(ctx, network.ListOptions{})
	if err != nil {
		return nil, explain(err)
	}
	var all []Network
	for _, n := range list {
		if latest(n.Driver) != latest(name) {
			continue
		}
		// A list does not have the containers.
		full, err := c.NetworkInspect(ctx, n.ID, network.InspectOptions{})
		if isNotFound(err) {
			continue
		}
		if err != nil {
			return nil, explain(err)
		}
		all = append(all, networkOf(&full))
	}
	return all, nil
}

// latest is how an engine completes the name of a managed plugin.
func latest(name string) string {
	if strings.Contains(name, ":") {
		return name
	}
	return name + ":latest"
}

func networkOf(n *network.Inspect) Network {
	out := Network{ID: n.ID, Name: n.Name, Driver: n.Driver, Options: n.Options, Internal: n.Internal}
	for _, s := range n.IPAM.Config {
		out.Subnets = append(out.Subnets, Subnet{Pool: s.Subnet, Gateway: s.Gateway})
	}
	for id, c := range n.Containers {
		out.Endpoints = append(out.Endpoints, NetworkEndpoint{
			ID: c.EndpointID, Container: id, Name: c.Name, MAC: c.MacAddress, IPv4: c.IPv4Address, IPv6: c.IPv6Address,
		})
	}
	return out
}

// Sandbox returns the path of a container's network namespace; empty: it does
// not run.
func (e *Engine) Sandbox(ctx context.Context, container string) (string, error) {
	c, err := e.api()
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	have, err := c.ContainerInspect(ctx, container)
	if isNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", explain(err)
	}
	if have.NetworkSettings == nil || have.State == nil || !have.State.Running {
		return "", nil
	}
	return have.NetworkSettings.SandboxKey, nil
}

// WatchNetworks calls changed when the engine is reached, and whenever something
// happens to its networks, from one goroutine, until ctx ends. lost is called
// with the reason when the engine is lost.
func (e *Engine) WatchNetworks(ctx context.Context, changed func(), lost func(error)) {
	watchAgain(ctx, func() error { return e.watchNetworks(ctx, changed) }, lost)
}

func (e *Engine) watchNetworks(ctx context.Context, changed func()) error {
	c, err := e.api()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	messages, faults := c.Events(ctx, events.ListOptions{Filters: filters.NewArgs(filters.Arg("type", "network"))})
	if err := e.Check(ctx); err != nil {
		return err
	}
	changed()
	for {
		select {
		case err := <-faults:
			return err
		case <-messages:
			changed()
		}
	}
}
