package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/valelab/valelab/netmap/pktgen/flagtext"
)

// labHelp explains the word LAB, which most commands take.
const labHelp = `LAB is a lab file or the name of a running lab. Left out, it is the lab file
in this folder (lab.yml, or the only one), or the one lab that runs.
`

// fileHelp explains the word FILE.
const fileHelp = "FILE left out is the lab file in this folder: lab.yml, or the only one.\n"

func helpCommand(*flag.FlagSet) runFunc {
	return func(_ context.Context, s streams, words []string) error {
		name, err := oneWord("command", words)
		if err != nil {
			return err
		}
		if name == "" {
			printHelp(s.out)
			return nil
		}
		c, err := findCommand(name)
		if err != nil {
			return err
		}
		printCommandHelp(s.out, c)
		return nil
	}
}

// printHelp lists the commands.
func printHelp(w io.Writer) {
	fmt.Fprint(w, "usage: valelab COMMAND [FLAGS] [WORDS]\n\n")
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range commands() {
		if c.hidden {
			continue
		}
		fmt.Fprintf(tw, "  %s\t%s\n", strings.TrimSpace(c.name+" "+c.args), c.short)
	}
	tw.Flush()
	fmt.Fprint(w, "\n", labHelp, "`valelab help COMMAND` lists the flags of one.\n")
}

// printCommandHelp explains one command and its flags.
func printCommandHelp(w io.Writer, c command) {
	fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
	c.setup(fs)
	flags := flagtext.List(fs)
	usage := "usage: valelab " + c.name
	if flags != "" {
		usage += " [FLAGS]"
	}
	fmt.Fprintf(w, "%s\n\n%s\n", strings.TrimSpace(usage+" "+c.args), c.short)
	if c.long != "" {
		fmt.Fprintf(w, "\n%s", c.long)
	}
	if strings.Contains(c.args, "LAB") || fs.Lookup("lab") != nil {
		fmt.Fprintf(w, "\n%s", labHelp)
	}
	if flags != "" {
		fmt.Fprintf(w, "\nflags:\n%s", flags)
	}
}
