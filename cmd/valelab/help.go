package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
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
		fmt.Fprintf(tw, "  %s\t%s\n", strings.TrimSpace(c.name+" "+c.args), c.short)
	}
	tw.Flush()
	fmt.Fprint(w, "\n", labHelp, "`valelab help COMMAND` lists the flags of one.\n")
}

// printCommandHelp explains one command and its flags.
func printCommandHelp(w io.Writer, c command) {
	fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
	c.setup(fs)
	fmt.Fprintf(w, "usage: valelab %s\n\n%s\n", strings.TrimSpace(c.name+" [FLAGS] "+c.args), c.short)
	if c.long != "" {
		fmt.Fprintf(w, "\n%s", c.long)
	}
	if strings.Contains(c.args, "LAB") {
		fmt.Fprintf(w, "\n%s", labHelp)
	}
	var flags strings.Builder
	tw := tabwriter.NewWriter(&flags, 0, 0, 2, ' ', 0)
	fs.VisitAll(func(f *flag.Flag) {
		value, text := flag.UnquoteUsage(f)
		dashes := "--"
		if len(f.Name) == 1 {
			dashes = "-"
		}
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" && f.DefValue != "0s" && f.DefValue != "-1" {
			text += " (" + f.DefValue + ")"
		}
		fmt.Fprintf(tw, "  %s\t%s\n", strings.TrimSpace(dashes+f.Name+" "+value), text)
	})
	tw.Flush()
	if flags.Len() > 0 {
		fmt.Fprintf(w, "\nflags:\n%s", flags.String())
	}
}
