package main

import (
	"context"
	"flag"
	"io"

	"github.com/valelab/valelab/cmd/valelab/diagram"
	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/plugin"
	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/topology"
)

// The formats of graph besides json.
const (
	formatPicture format = "picture"
	formatMermaid format = "mermaid"
	formatDot     format = "dot"
)

const graphHelp = `A picture has a rail downwards for each switch and a line from it to each of
its ports; two interfaces that a line joins are a wire. mermaid is what many
wikis and git servers draw, dot is for Graphviz:

  valelab graph -f dot | dot -Tsvg -o lab.svg
`

func graphCommand(fs *flag.FlagSet) runFunc {
	format := formatFlag(fs, formatPicture, formatMermaid, formatDot, formatJSON)
	ascii := fs.Bool("ascii", false, "draw the picture with ASCII signs only")
	return func(ctx context.Context, s streams, words []string) error {
		plan, err := planOf(words)
		if err != nil {
			return err
		}
		if plan, err = withGuests(ctx, plan); err != nil {
			return err
		}
		return writeGraph(s.out, diagram.Of(plan), *format, *ascii)
	}
}

func writeGraph(w io.Writer, g *diagram.Graph, f format, ascii bool) error {
	var text string
	switch f {
	case formatJSON:
		return writeJSON(w, g)
	case formatMermaid:
		text = g.Mermaid()
	case formatDot:
		text = g.Dot()
	default:
		if text = g.Picture(); ascii {
			text = diagram.ASCII(text)
		}
	}
	_, err := io.WriteString(w, text)
	return err
}

// withGuests returns the plan, and in the place of one that has no nodes, which is
// the Docker plugin's, what there is of that lab now.
func withGuests(ctx context.Context, plan *topology.Plan) (*topology.Plan, error) {
	if len(plan.Steps) > 1 {
		return plan, nil
	}
	found, err := runtime.Inspect(ctx, state.FindRoot(), plan.Lab)
	if err != nil {
		return nil, err
	}
	if err := plugin.AddAddresses(found); err != nil {
		return nil, err
	}
	return planOfInspection(found), nil
}

func planOfInspection(found *runtime.Inspection) *topology.Plan {
	plan := &topology.Plan{Lab: found.Lab}
	add := func(s topology.Step) { plan.Steps = append(plan.Steps, s) }
	for _, s := range found.Switches {
		add(topology.Step{Switch: &topology.Switch{Name: s.Name, Wire: s.Wire}})
	}
	for _, n := range found.Nodes {
		add(topology.Step{Node: &topology.Node{Name: n.Name}})
	}
	for _, e := range found.Endpoints {
		add(topology.Step{Endpoint: &topology.Endpoint{
			Node: e.Node, Interface: e.Interface, Switch: e.Switch, MAC: e.MAC, IPv4: e.IPv4, IPv6: e.IPv6, MTU: e.MTU,
		}})
	}
	for _, u := range found.Uplinks {
		add(topology.Step{Uplink: &topology.Uplink{Switch: u.Switch, Interface: u.Interface, Host: u.Host}})
	}
	return plan
}
