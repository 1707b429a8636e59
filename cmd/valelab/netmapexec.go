package main

import (
	"context"
	"errors"
	"flag"
	osexec "os/exec"

	"github.com/valelab/valelab/netmap/exec"
	"github.com/valelab/valelab/runtime"
)

const netmapExecHelp = `It gives /dev/netmap to a static program, or one written in Go, which the preload library
of a node can't reach. It is used inside a node; a node's static command has it by itself.
`

func netmapExecCommand(*flag.FlagSet) runFunc {
	return func(_ context.Context, _ streams, words []string) error {
		if len(words) == 0 {
			return usagef("valelab netmap-exec -- PROGRAM", "netmap-exec: a program is needed")
		}
		err := exec.Run(words) // returns only when it fails
		if errors.Is(err, osexec.ErrNotFound) {
			return &runtime.HintError{Err: err, Hint: "type -a " + words[0]}
		}
		return err
	}
}
