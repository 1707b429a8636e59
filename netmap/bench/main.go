package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/valelab/valelab/netmap/pktgen"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the whole program. It is started again by itself, with a first
// argument that says which of the other processes it is.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var err error
	switch {
	case len(args) > 0 && args[0] == "pktgen":
		return pktgen.Main(ctx, args[1:], stdout, stderr)
	case len(args) == 2 && args[0] == "switch":
		err = runSwitch(ctx, args[1], stdout)
	default:
		var c config
		if c, err = parseFlags(args, stderr); err != nil {
			return 2
		}
		err = c.bench(ctx, stdout)
	}
	if err != nil {
		fmt.Fprintf(stderr, "bench: %v\n", err)
		return 1
	}
	return 0
}

// config says what to measure.
type config struct {
	rounds int
	time   time.Duration // of each measurement in a round
	near   time.Duration // a line time up to this is that of near processors
	sizes  []int         // of frames, without their check sequence
}

func parseFlags(args []string, stderr io.Writer) (config, error) {
	c := config{sizes: []int{60, 1514}}
	set := flag.NewFlagSet("bench", flag.ContinueOnError)
	set.SetOutput(stderr)
	set.IntVar(&c.rounds, "rounds", 9, "number of rounds")
	set.DurationVar(&c.time, "time", time.Second, "time of each measurement in a round")
	set.DurationVar(&c.near, "near", 150*time.Nanosecond, "longest line round trip of near processors")
	set.Func("sizes", "bytes of frames without their check sequence (default 60,1514)", func(s string) error {
		c.sizes = nil
		for _, word := range strings.Split(s, ",") {
			n, err := strconv.Atoi(word)
			if err != nil || n < 60 || n > copySize {
				return fmt.Errorf("%q is not a number from 60 to %d", word, copySize)
			}
			c.sizes = append(c.sizes, n)
		}
		return nil
	})
	if err := set.Parse(args); err != nil {
		return c, err
	}
	if set.NArg() > 0 || c.rounds < 1 || c.time < 10*window {
		fmt.Fprintf(stderr, "bench: at least one round of %v, and nothing but flags\n", 10*window)
		return c, errors.New("usage")
	}
	return c, nil
}
