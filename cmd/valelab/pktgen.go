package main

import (
	"context"
	"flag"

	"github.com/valelab/valelab/netmap/pktgen"
)

const pktgenHelp = `It runs inside a node, as the command of one or with valelab exec.
` + "`valelab pktgen help` lists the programs, `valelab pktgen PROGRAM --help` the flags of one.\n"

// pktgenWords are the programs of pktgen.
var pktgenWords = []string{"tx", "rx", "ping", "pong", "forward", "help"}

func pktgenCommand(*flag.FlagSet) runFunc {
	return func(ctx context.Context, s streams, args []string) error {
		if status := pktgen.Main(ctx, args, s.out, s.err); status != statusDone {
			return exitStatus(status)
		}
		return nil
	}
}
