package main

import (
	"context"
	"errors"
	"flag"
	"io"

	"github.com/valelab/valelab/netmap/pktgen/flagtext"
	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/topology"
)

// A runFunc carries a command out. args are the words that are not flags.
type runFunc func(ctx context.Context, s streams, args []string) error

// A command is one word after `valelab`.
type command struct {
	name  string
	args  string // as help shows them
	short string // one line
	long  string // what else help says about it
	words int    // after so many words the rest of the line belongs to another program; 0: never
	raw   bool   // all of the line does, help too

	choices []string // what the first word can be, where only these are
	hidden  bool     // not for people

	// setup declares the flags and returns what runs once they are parsed.
	setup func(fs *flag.FlagSet) runFunc
}

// commands are all of them, in the order of help.
func commands() []command {
	return []command{
		{name: "deploy", args: "[LAB]", short: "bring a lab up, or change a running one to match", setup: deployCommand},
		{name: "destroy", args: "[LAB]", short: "take a lab down; twice is fine", setup: destroyCommand},
		{name: "plan", args: "[LAB]", short: "print the steps that a lab is made of", setup: planCommand},
		{name: "validate", args: "[FILE]", short: "check a lab file", long: fileHelp, setup: validateCommand},
		{name: "graph", args: "[LAB]", short: "draw the nodes, switches and links of a lab", long: graphHelp, setup: graphCommand},
		{name: "inspect", args: "[LAB]", short: "show the nodes and links of a running lab", setup: inspectCommand},
		{name: "top", args: "[LAB]", short: "show a running lab live", long: topHelp, setup: topCommand},
		{name: "stats", args: "[LAB]", short: "show the counters of every ring", setup: statsCommand},
		{name: "metrics", args: "[LAB]", short: "print or serve the counters as text for Prometheus", long: metricsHelp, setup: metricsCommand},
		{name: "events", args: "[LAB]", short: "print what happens in a lab as JSON lines", long: eventsHelp, setup: eventsCommand},
		{name: "capture", args: "NODE:ETH...", short: "write the packets of endpoints as pcapng", long: captureHelp, setup: captureCommand},
		{name: "exec", args: "NODE -- COMMAND...", short: "run a command in a node", long: execHelp, words: 2, setup: execCommand},
		{name: "stop", args: "NODE", short: "end a node's command and leave it down; its links stay", setup: controlCommand("stop", (*runtime.Lab).Stop)},
		{name: "start", args: "NODE", short: "start a node's command that has ended", setup: controlCommand("start", (*runtime.Lab).Start)},
		{name: "restart", args: "NODE", short: "end a node's command and start it again", setup: controlCommand("restart", (*runtime.Lab).Restart)},
		{name: "logs", args: "NODE", short: "show what a node's command printed", setup: logsCommand},
		{name: "doctor", short: "say what this machine can do for labs, and what to do about the rest", long: doctorHelp, setup: doctorCommand},
		{name: "pktgen", args: "PROGRAM", short: "send, count, time or forward frames through netmap ports", long: pktgenHelp, raw: true, choices: pktgenWords, setup: pktgenCommand},
		{name: "netmap-exec", args: "-- PROGRAM", short: "run a static netmap program in a node", long: netmapExecHelp, words: 1, setup: netmapExecCommand},
		{name: "plugin", args: "WORD", short: "networks for the Docker engine", long: pluginHelp, choices: pluginVerbs, setup: pluginCommand},
		{name: "completion", args: "SHELL", short: "print what makes bash, zsh or fish complete command lines", long: completionHelp, choices: shells, setup: completionCommand},
		{name: "__complete", args: "WORD...", short: "print what a word can be", raw: true, hidden: true, setup: completeCommand},
		{name: "version", short: "print the version", setup: versionCommand},
		{name: "help", args: "[COMMAND]", short: "explain a command", setup: helpCommand},
	}
}

// dispatch finds the command that args name and runs it.
func dispatch(ctx context.Context, s streams, args []string) error {
	if len(args) == 0 {
		printHelp(s.err)
		return usagef("", "no command is given")
	}
	switch args[0] {
	case "-h", "-help", "--help":
		printHelp(s.out)
		return nil
	case "-version", "--version":
		args = []string{"version"}
	}
	c, err := findCommand(args[0])
	if err != nil {
		return err
	}
	fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	runIt := c.setup(fs)
	if c.raw {
		return runIt(ctx, s, args[1:])
	}
	words, err := parseFlags(fs, args[1:], c.words)
	switch {
	case errors.Is(err, flag.ErrHelp):
		printCommandHelp(s.out, c)
		return nil
	case err != nil:
		return usagef("valelab help "+c.name, "%s: %w", c.name, flagtext.Fault(fs, err))
	}
	err = runIt(ctx, s, words)
	if usage, ok := err.(*usageError); ok && usage.hint == "" {
		usage.hint = "valelab help " + c.name
	}
	return err
}

// findCommand returns the command called name.
func findCommand(name string) (command, error) {
	for _, c := range commands() {
		if c.name == name {
			return c, nil
		}
	}
	var names []string
	for _, c := range commands() {
		if !c.hidden {
			names = append(names, c.name)
		}
	}
	return command{}, usagef(topology.DidYouMean(name, names, "valelab help"), "no command is called %q", name)
}

// oneWord returns the only word, or "" when there is none.
func oneWord(what string, words []string) (string, error) {
	switch len(words) {
	case 0:
		return "", nil
	case 1:
		return words[0], nil
	}
	return "", usagef("", "one %s is enough: %q is too much", what, words[1])
}
