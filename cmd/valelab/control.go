package main

import (
	"context"
	"flag"

	"github.com/valelab/valelab/runtime"
)

// controlCommand is stop, start or restart.
func controlCommand(verb string, do func(*runtime.Lab, context.Context, string) error) func(*flag.FlagSet) runFunc {
	return func(fs *flag.FlagSet) runFunc {
		lab := labFlag(fs)
		return func(ctx context.Context, _ streams, words []string) error {
			node, err := oneWord("node", words)
			if err != nil {
				return err
			}
			if node == "" {
				return usagef("valelab "+verb+" NODE", "%s: which node?", verb)
			}
			running, err := openNode(*lab, node)
			if err != nil {
				return err
			}
			return do(running, ctx, node)
		}
	}
}
