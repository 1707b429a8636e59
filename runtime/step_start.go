package runtime

import (
	"context"
	"fmt"

	"github.com/valelab/valelab/topology"
)

// startPart is a node's command, let go once the nodes that it depends on have
// come to their conditions. That can't be taken back; the node's own step
// takes back the node.
func (d *deployment) startPart(s *topology.Start) part {
	p := part{make: func(ctx context.Context) error {
		if err := d.machine.ReleaseNode(d.lab, s.Node); err != nil {
			return err
		}
		return d.runDeclared(ctx, s.Node)
	}}
	if len(s.After) > 0 {
		p.wait = func(ctx context.Context) error { return d.awaitOthers(ctx, s) }
	}
	return p
}

// awaitOthers waits for what a node's command depends on.
func (d *deployment) awaitOthers(ctx context.Context, s *topology.Start) error {
	for _, other := range s.After {
		if err := d.machine.AwaitNode(ctx, d.lab, other.Node, other.Condition); err != nil {
			if ctx.Err() != nil {
				return err
			}
			return fmt.Errorf("node %s waits for node %s to be %s: %w", s.Node, other.Node, other.Condition, err)
		}
	}
	return nil
}

// runDeclared runs the commands that the lab file declares for a container that
// is up. One that fails is no reason to take the lab down again.
func (d *deployment) runDeclared(ctx context.Context, node string) error {
	made, _, err := d.readMade(node)
	if err != nil || made == nil {
		return err
	}
	for _, argv := range made.Exec {
		note, err := d.machine.RunInNode(ctx, d.lab, node, argv)
		if err != nil {
			return err
		}
		d.notes.add(note)
	}
	return nil
}
