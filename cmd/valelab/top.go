package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	goruntime "runtime"
	"runtime/debug"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"
	"golang.org/x/term"

	"github.com/valelab/valelab/cmd/valelab/tui"
	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/state"
)

const topHelp = `It shows the lab live: switches, rings, topology, nodes, captures, events. The
key ? explains the keys. Where the output is no terminal, or TERM is dumb, it
prints the tables of stats instead. NO_COLOR in the environment turns colours off.
`

func topCommand(fs *flag.FlagSet) runFunc {
	interval := fs.Duration("interval", time.Second, "`TIME` between two samples, at least 100ms")
	count := fs.Int("count", 0, "of tables, print `N` and end")
	readonly := fs.Bool("readonly", false, "no captures and no shells: only look")
	ascii := fs.Bool("ascii", false, "draw with ASCII signs only")
	return func(ctx context.Context, s streams, words []string) error {
		word, err := oneWord("lab", words)
		if err != nil {
			return err
		}
		if *interval < 100*time.Millisecond || *count < 0 {
			return usagef("", "top: --interval is at least 100ms, --count not negative")
		}
		lab, err := openLab(word)
		if err != nil {
			return err
		}
		out, isFile := s.out.(*os.File)
		if !isFile || !isTerminal(out) || !isTerminal(os.Stdin) || os.Getenv("TERM") == "dumb" || *count > 0 {
			client := lab.Agent()
			defer client.Close()
			return printRates(ctx, client, &statsPrinter{w: s.out, format: formatTable, repeat: true}, *interval, *count)
		}
		cfg := tui.Config{Lab: lab.Name, Interval: *interval, Readonly: *readonly, ASCII: *ascii, Renderer: renderer(out)}
		return runTop(ctx, out, cfg, lab, word)
	}
}

// framesPerSecond is how often the terminal is drawn at most: more often than samples come, for keys.
const framesPerSecond = 15

// frugal makes the program one that watches: threads that wake each other, and a small heap that is collected
// often, would cost more than what it shows.
func frugal() {
	goruntime.GOMAXPROCS(1)
	debug.SetGCPercent(400)
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// renderer finds out what the terminal can show. Nothing but its own 16
// colours is used: they are the ones that its owner can read.
func renderer(out *os.File) *lipgloss.Renderer {
	r := lipgloss.NewRenderer(out)
	switch {
	case os.Getenv("NO_COLOR") != "":
		r.SetColorProfile(termenv.Ascii)
	case r.ColorProfile() != termenv.Ascii:
		r.SetColorProfile(termenv.ANSI)
	}
	return r
}

func runTop(ctx context.Context, out *os.File, cfg tui.Config, lab *runtime.Lab, word string) error {
	frugal()
	source := newTopSource(ctx, lab, state.FindRoot(), fileOf(word, lab.Name))
	defer source.close()
	return showTop(ctx, out, tui.New(cfg, source))
}

// showTop runs the UI until it is quit or ctx ends. The terminal is itself
// again when it returns, in whatever way.
func showTop(ctx context.Context, out *os.File, model tea.Model) error {
	before, err := term.GetState(int(os.Stdin.Fd()))
	if err != nil {
		return fmt.Errorf("terminal: %w", err)
	}
	defer term.Restore(int(os.Stdin.Fd()), before)
	program := tea.NewProgram(model, tea.WithContext(ctx), tea.WithOutput(out), tea.WithAltScreen(),
		tea.WithMouseCellMotion(), tea.WithoutSignalHandler(), tea.WithFPS(framesPerSecond))
	_, err = program.Run() // after a panic it restores the terminal, then tells
	switch {
	case ctx.Err() != nil: // by a signal: it is what was wanted
		return nil
	case errors.Is(err, tea.ErrProgramPanic):
		return errors.New("top has failed; what it says above is for a bug report")
	}
	return err
}

// fileOf is the lab file that a running lab is compared with: the one that was
// named, or the one in this folder if it is this lab's; "" when there is none.
func fileOf(word, name string) string {
	file := word
	if !isLabFile(word) {
		found, err := folderLab()
		if err != nil {
			return ""
		}
		file = found
	}
	if file == "" {
		return ""
	}
	if lab, err := readLab(file); err != nil || lab.Name != name {
		return ""
	}
	return file
}
