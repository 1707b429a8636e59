package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// interruptible returns a context that the first SIGINT, SIGTERM or SIGHUP
// cancels: the command then undoes what it did and returns. A second one ends
// the program at once. stop gives the signals back.
func interruptible(ctx context.Context, s streams) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	done := make(chan struct{})
	go func() {
		select {
		case <-signals:
			cancel()
		case <-done:
			return
		}
		select {
		case <-signals:
			fmt.Fprintln(s.err, "valelab: forced to stop: what was begun is not undone")
			fmt.Fprintln(s.err, "hint: valelab destroy")
			os.Exit(statusFailed)
		case <-done:
		}
	}()
	return ctx, func() {
		close(done)
		cancel()
	}
}
