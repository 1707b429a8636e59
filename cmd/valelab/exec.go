package main

import (
	"context"
	"errors"
	"flag"

	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/node"
)

func execCommand(fs *flag.FlagSet) runFunc {
	lab := labFlag(fs)
	return func(_ context.Context, _ streams, words []string) error {
		if len(words) < 2 {
			return usagef("valelab exec NODE -- COMMAND", "exec: a node and a command are needed")
		}
		running, err := openNode(*lab, words[0])
		if err != nil {
			return err
		}
		err = node.Exec(running.Dir, words[0], words[1:], nil) // returns only when it fails
		if errors.Is(err, node.ErrGone) {
			return &runtime.HintError{Err: err, Hint: "valelab deploy " + running.Name}
		}
		return err
	}
}
