package main

import (
	"context"
	"errors"
	"flag"
	"os"

	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/node"
)

const execHelp = "The exit status is the command's; 126 and 127 if it can't be run.\n"

func execCommand(fs *flag.FlagSet) runFunc {
	lab := labFlag(fs)
	return func(ctx context.Context, s streams, words []string) error {
		if len(words) < 2 {
			return usagef("valelab exec NODE -- COMMAND", "exec: a node and a command are needed")
		}
		running, err := openNode(*lab, words[0])
		if err != nil {
			return err
		}
		in, _ := s.in.(*os.File)
		status, err := running.Exec(ctx, words[0], words[1:], in, s.out, s.err)
		switch {
		case errors.Is(err, node.ErrGone):
			return &runtime.HintError{Err: err, Hint: "valelab deploy " + running.Name}
		case err == nil && status != 0:
			return exitStatus(status)
		}
		return err
	}
}
