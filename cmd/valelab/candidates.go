package main

import (
	"context"
	"flag"

	"github.com/valelab/valelab/cmd/valelab/diagram"
	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/state"
)

// What stands for names that the shell itself looks for. No other candidate begins
// with a colon.
const (
	completeFile    = ":file"
	completeLabFile = ":labfile"
)

// valuesOf returns what the value of a flag can be; nil when there is no telling.
func valuesOf(ctx context.Context, fs *flag.FlagSet, f *flag.Flag) []string {
	if v, ok := f.Value.(formatValue); ok {
		var names []string
		for _, name := range v.allowed {
			names = append(names, string(name))
		}
		return names
	}
	kind, _ := flag.UnquoteUsage(f)
	if kind == "FILE" || kind == "FOLDER" || kind == "PATH" {
		return []string{completeFile}
	}
	return namesOf(ctx, fs, kind)
}

// namesOf returns the names that a word of help stands for.
func namesOf(ctx context.Context, fs *flag.FlagSet, kind string) []string {
	switch kind {
	case "COMMAND":
		return commandNames()
	case "FILE":
		return []string{completeLabFile}
	case "LAB":
		labs, _ := runtime.Labs(state.FindRoot())
		return append(labs, completeLabFile)
	case "NODE":
		return nodesOf(runningGraph(ctx, fs))
	case "NODE:ETH":
		return endpointsOf(runningGraph(ctx, fs))
	}
	return nil
}

// runningGraph returns the running lab that --lab means; an empty one when there is none.
func runningGraph(ctx context.Context, fs *flag.FlagSet) *diagram.Graph {
	word := ""
	if f := fs.Lookup("lab"); f != nil {
		word = f.Value.String()
	}
	lab, err := openLab(word)
	if err != nil {
		return &diagram.Graph{}
	}
	plan, err := withGuests(ctx, lab.Plan)
	if err != nil {
		return &diagram.Graph{}
	}
	return diagram.Of(plan)
}

func nodesOf(g *diagram.Graph) (names []string) {
	for _, n := range g.Nodes {
		names = append(names, n.Name)
	}
	return names
}

func endpointsOf(g *diagram.Graph) (names []string) {
	for _, l := range g.Links {
		for i, end := range []diagram.End{l.A, l.B} {
			if other := []diagram.End{l.B, l.A}[i]; end.Interface != "" || end.Host != "" {
				names = append(names, end.String()+"\t"+other.String())
			}
		}
	}
	return names
}
