package plugin

import (
	"context"
	"errors"
	"os"
)

// learn finds out what interfaces are called in their containers, and tells the
// agent. It returns how many are not known yet: the engine has not moved them.
func (d *Driver) learn(ctx context.Context, known *records) (missing int, err error) {
	networks, endpoints := known.all()
	options := make(map[string]Network, len(networks))
	for _, n := range networks {
		options[n.ID] = n
	}
	nodes := make(map[string]map[string]string) // names of interfaces by agent's name and node
	titles := make(map[string]string)
	paths := make(map[string]string)     // of namespaces that are to be held
	witness := make(map[string]Endpoint) // one of each node
	var errs []error
	for _, e := range endpoints {
		if e.Sandbox == "" {
			continue
		}
		p := enginePlug(options[e.Network], e)
		if e.Inside == "" {
			inside, err := d.fabric.Inside(e.Sandbox, p)
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				errs = append(errs, err)
			}
			if inside == "" || inside == p.Far { // an engine that takes it moves it first, and renames it then
				missing++
				continue
			}
			if err := d.noteInside(ctx, known, e, inside); err != nil {
				errs = append(errs, err)
			}
			e.Inside = inside
		}
		if nodes[p.Node] == nil {
			nodes[p.Node] = make(map[string]string)
		}
		nodes[p.Node][p.Interface] = e.Inside
		if p.Kernel {
			paths[p.Node] = e.Sandbox
		}
		witness[p.Node] = e
		if title := e.title(); title != "" && (titles[p.Node] == "" || e.Port != "") {
			titles[p.Node] = title
		}
	}
	for node, inside := range nodes {
		errs = append(errs, d.label(ctx, known, witness[node], node, titles[node], paths[node], inside))
	}
	return missing, errors.Join(errs...)
}

// label labels the node of an endpoint, while that is there: a node that was
// removed meanwhile must not come back.
func (d *Driver) label(ctx context.Context, known *records, e Endpoint, node, title, path string, inside map[string]string) error {
	unlock, err := d.locks.lock(ctx, e.Network)
	if err != nil {
		return err
	}
	defer unlock()
	if now, ok := known.endpoint(e.ID); !ok || now.Sandbox != e.Sandbox {
		return nil
	}
	return d.fabric.Label(ctx, node, title, path, inside)
}

// noteInside writes an interface's name down, if the endpoint is still the same.
func (d *Driver) noteInside(ctx context.Context, known *records, e Endpoint, inside string) error {
	unlock, err := d.locks.lock(ctx, e.Network)
	if err != nil {
		return err
	}
	defer unlock()
	now, ok := known.endpoint(e.ID)
	if !ok || now.Sandbox != e.Sandbox {
		return nil
	}
	now.Inside = inside
	return known.putEndpoint(now)
}

// labelHost tells the agent what the machine's own interfaces are called.
func (d *Driver) labelHost(ctx context.Context, network string) error {
	known, err := d.await(ctx)
	if err != nil {
		return err
	}
	networks, _ := known.all()
	names := make(map[string]string)
	for _, n := range networks {
		if n.Options.Host {
			p := hostPlug(n)
			names[p.Interface] = p.Far
		}
	}
	return d.fabric.Label(ctx, machineNode, "", "", names)
}
