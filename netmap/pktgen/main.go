package pktgen

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/valelab/valelab/netmap"
	"github.com/valelab/valelab/netmap/pktgen/flagtext"
)

// Exit statuses of Main.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// Main runs the program that args name: args[0] is tx, rx, ping, pong or
// forward, its flags follow. The summary goes to stdout, progress and errors
// to stderr. When the context ends (on SIGINT, say) the program ends and
// prints its summary. The result is the exit status: 0 done, 1 failed, 2 the
// command line is wrong.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		usage(stderr)
		return exitUsage
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		usage(stdout)
		return exitDone
	}
	for _, p := range programs {
		if p.name == args[0] {
			return p.main(ctx, args[1:], stdout, stderr)
		}
	}
	complain(stderr, fmt.Errorf("pktgen has no program %q", args[0]))
	fmt.Fprintln(stderr, "hint: valelab pktgen help")
	return exitUsage
}

func usage(w io.Writer) {
	fmt.Fprint(w, "usage: valelab pktgen PROGRAM -i netmap:INTERFACE [FLAGS]\n\nprograms:\n")
	for _, p := range programs {
		fmt.Fprintf(w, "  %-8s %s\n", p.name, p.about)
	}
	fmt.Fprint(w, "\nvalelab pktgen PROGRAM --help shows the flags of one.\n")
}

func (p *program) main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	f := newFlags(p.name)
	start := p.flags(f)
	switch err := f.parse(args, p.ports); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintf(stdout, "usage: valelab pktgen %s\n\n%s\n\nflags:\n%s", p.usage(), p.about, flagtext.List(f.set))
		return exitDone
	case err != nil:
		complain(stderr, err)
		fmt.Fprintf(stderr, "hint: valelab pktgen %s --help\n", p.name)
		return exitUsage
	}
	f.reporting.Progress = func(r Progress) { printProgress(stderr, p.name, f.json, r) }
	summary, err := start(ctx)
	if summary != nil {
		err = errors.Join(err, printSummary(stdout, f.json, summary))
	}
	if err != nil {
		complain(stderr, err)
		return exitFailed
	}
	return exitDone
}

// usage is what the program is called with.
func (p *program) usage() string {
	return p.name + strings.Repeat(" -i netmap:INTERFACE", p.ports) + " [FLAGS]"
}

func printProgress(w io.Writer, name string, asJSON bool, p Progress) {
	if asJSON {
		// A reader that has gone is seen when the summary is written.
		_ = json.NewEncoder(w).Encode(p)
		return
	}
	fmt.Fprintf(w, "%s %6.1f s  %spps  %sbit/s  %d packets  %d lost\n", name, p.Elapsed, si(p.PPS), si(p.BPS), p.Packets, p.Lost)
}

func printSummary(w io.Writer, asJSON bool, s Summary) error {
	if asJSON {
		return json.NewEncoder(w).Encode(s)
	}
	_, err := io.WriteString(w, s.String())
	return err
}

// complain prints an error and what can be done about it.
func complain(w io.Writer, err error) {
	fmt.Fprintf(w, "valelab: %v\n", err)
	var e *netmap.Error
	if errors.As(err, &e) && e.Hint != "" {
		fmt.Fprintf(w, "hint: %s\n", e.Hint)
	}
}
