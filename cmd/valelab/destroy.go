package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	"github.com/hashicorp/go-multierror"

	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/state"
)

func destroyCommand(fs *flag.FlagSet) runFunc {
	all := fs.Bool("all", false, "every lab that runs")
	return func(ctx context.Context, s streams, words []string) error {
		word, err := oneWord("lab", words)
		switch {
		case err != nil:
			return err
		case *all && word != "":
			return usagef("", "destroy: either --all or one lab")
		case *all:
			return destroyAll(ctx, s)
		}
		name, _, err := labName(word)
		if err == errNoLab {
			fmt.Fprintln(s.err, "no lab runs: nothing to destroy")
			return nil
		}
		if err != nil {
			return err
		}
		return destroyLab(ctx, s, name)
	}
}

// destroyAll destroys every lab and carries on past errors.
func destroyAll(ctx context.Context, s streams) error {
	names, err := runtime.Labs(state.FindRoot())
	if err != nil {
		return err
	}
	if len(names) == 0 {
		fmt.Fprintln(s.err, "no lab runs: nothing to destroy")
	}
	var left *multierror.Error
	for _, name := range names {
		if isPluginLab(name) {
			fmt.Fprintf(s.err, "lab %s stays: it has the networks of the Docker plugin\n", name)
			continue
		}
		if err := destroyLab(ctx, s, name); err != nil {
			left = multierror.Append(left, err)
		}
	}
	return left.ErrorOrNil()
}

// isPluginLab says whether a lab is one of the Docker plugin's.
func isPluginLab(name string) bool {
	dir, err := state.OpenLab(state.FindRoot(), name)
	if err != nil {
		return false
	}
	plugin, err := dir.IsPlugin()
	return err == nil && plugin
}

func destroyLab(ctx context.Context, s streams, name string) error {
	view := newProgress(s.err, "destroy "+name)
	view.terse = true // the line below says it all
	news := tellSteps(name)
	report, err := runtime.Destroy(ctx, state.FindRoot(), name, runtime.Options{Progress: func(e runtime.Event) {
		view.show(e)
		news.show(e)
	}})
	news.close()
	view.clear()
	switch {
	case errors.Is(err, context.Canceled):
		return &runtime.HintError{
			Err:  fmt.Errorf("interrupted before all of lab %s was gone", name),
			Hint: "valelab destroy " + name,
		}
	case err != nil:
		return err
	case report.Changed == 0:
		fmt.Fprintf(s.err, "lab %s does not run: nothing to destroy\n", name)
	default:
		fmt.Fprintf(s.err, "lab %s is gone (%s)\n", name, report.Elapsed.Round(time.Millisecond))
	}
	return nil
}
