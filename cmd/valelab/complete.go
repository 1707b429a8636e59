package main

import (
	"context"
	"flag"
	"io"
	"strings"
)

// completions returns what the last word of a command line can be: candidates,
// some with a tab and a description behind them. What can't be found out, such as
// the nodes of a lab that belongs to root, is left out without a word.
func completions(ctx context.Context, line []string) []string {
	line, last := line[:len(line)-1], line[len(line)-1]
	var all []string
	prefix := ""
	if len(line) == 0 {
		all = append(commandNames(), "--help", "--version")
	} else if c, err := findCommand(line[0]); err == nil {
		all, prefix = candidates(ctx, c, line[1:], last)
	}
	return matching(all, prefix, last)
}

// matching returns those candidates that the last word begins, behind the prefix,
// and that a shell takes as they are.
func matching(all []string, prefix, last string) (found []string) {
	for _, candidate := range all {
		name, _, _ := strings.Cut(candidate, "\t")
		switch {
		case strings.HasPrefix(name, ":"):
			found = append(found, name)
		case strings.HasPrefix(prefix+name, last) && !strings.ContainsFunc(name, needsQuotes):
			found = append(found, prefix+candidate)
		}
	}
	return found
}

// needsQuotes says whether a shell might not take c for itself. The name of an
// interface of the machine can have anything in it.
func needsQuotes(c rune) bool {
	return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9') && !strings.ContainsRune("-_.:@+/", c)
}

func commandNames() []string {
	var names []string
	for _, c := range commands() {
		if !c.hidden {
			names = append(names, c.name+"\t"+c.short)
		}
	}
	return names
}

// candidates returns what can stand behind the words of a command, and what of the
// last word comes before it.
func candidates(ctx context.Context, c command, words []string, last string) (all []string, prefix string) {
	fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	c.setup(fs)
	if c.raw {
		if len(words) == 0 {
			all = c.choices
		}
		return all, ""
	}
	n, open, noFlags := readWords(fs, words, c.words)
	if open != nil {
		return valuesOf(ctx, fs, open), ""
	}
	if !noFlags && strings.HasPrefix(last, "-") {
		name, _, hasValue := strings.Cut(last, "=")
		if !hasValue {
			return flagNames(fs), ""
		}
		if f := fs.Lookup(strings.TrimLeft(name, "-")); f != nil {
			all = valuesOf(ctx, fs, f)
		}
		return all, name + "="
	}
	kind, _, _ := strings.Cut(strings.Trim(c.args, "[]"), " ")
	kind, several := strings.CutSuffix(kind, "...")
	switch {
	case n > 0 && c.words > 0 || kind == "--":
		return []string{completeFile}, ""
	case n > 0 && !several:
		return nil, ""
	case c.choices != nil:
		return c.choices, ""
	}
	return namesOf(ctx, fs, kind), ""
}

// readWords takes the words of a command as [parseFlags] does, and keeps the values
// of its flags that it can. It returns how many are not flags, the flag whose value
// the next word is, and whether that can't be a flag.
func readWords(fs *flag.FlagSet, args []string, words int) (n int, open *flag.Flag, noFlags bool) {
	for _, arg := range args {
		if open != nil {
			_ = open.Value.Set(arg) // what is wrong is said when the command runs
			open = nil
			continue
		}
		name, value, hasValue := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		f := fs.Lookup(name)
		switch {
		case noFlags || len(arg) < 2 || arg[0] != '-':
			n++
			noFlags = noFlags || n == words
		case arg == "--":
			noFlags = true
		case f == nil || isSwitch(f):
		case hasValue:
			_ = f.Value.Set(value)
		default:
			open = f
		}
	}
	return n, open, noFlags
}

// isSwitch says whether a flag takes no word as its value.
func isSwitch(f *flag.Flag) bool {
	b, ok := f.Value.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}

// flagNames are the flags of a command, with what they do.
func flagNames(fs *flag.FlagSet) []string {
	names := []string{"--help\texplain the command"}
	fs.VisitAll(func(f *flag.Flag) {
		dashes := "--"
		if len(f.Name) == 1 {
			dashes = "-"
		}
		_, about := flag.UnquoteUsage(f)
		names = append(names, dashes+f.Name+"\t"+about)
	})
	return names
}
