package main

import (
	"context"
	"io"
	"os"
)

// version is set by the linker; see the Makefile.
var version = "devel"

func main() {
	os.Exit(run(context.Background(), os.Args, os.Stdin, os.Stdout, os.Stderr))
}

// Exit statuses.
const (
	statusDone   = 0
	statusFailed = 1
	statusUsage  = 2 // the command line or the lab file is wrong
)

// streams are what a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// run is the whole program: args[0] says which process of a lab this is, the
// rest is the command line. It returns the exit status.
//
// The keeper, a node's init and what enters a node are C programs, which took
// over before this: see runtime/keeper and runtime/node.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	s := streams{in: stdin, out: stdout, err: stderr}
	if isAgent(args[0]) {
		return report(s, runAgent(ctx, args[1:]))
	}
	ctx, stop := interruptible(ctx, s)
	defer stop()
	return report(s, dispatch(ctx, s, args[1:]))
}
