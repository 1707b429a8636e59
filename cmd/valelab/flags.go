package main

import (
	"flag"
	"fmt"
)

// parseFlags parses args, in which flags and words may be mixed, and returns
// the words. After `--` all are words. When words is not 0, so is everything
// after that many words: it belongs to another program.
func parseFlags(fs *flag.FlagSet, args []string, words int) ([]string, error) {
	var out []string
	for {
		if err := fs.Parse(args); err != nil {
			return nil, err
		}
		rest := fs.Args()
		if len(rest) == 0 {
			return out, nil
		}
		if used := len(args) - len(rest); used > 0 && args[used-1] == "--" {
			return append(out, rest...), nil
		}
		out, args = append(out, rest[0]), rest[1:]
		if len(out) == words {
			return append(out, args...), nil
		}
	}
}

// A format is how a command that prints a table prints.
type format string

const (
	formatTable format = "table"
	formatJSON  format = "json"
)

// String and Set make a format a flag.Value.
func (f *format) String() string { return string(*f) }

// Set refuses what is no format.
func (f *format) Set(s string) error {
	switch format(s) {
	case formatTable, formatJSON:
		*f = format(s)
		return nil
	}
	return fmt.Errorf("want table or json")
}

// formatFlag declares --format and its short form -f.
func formatFlag(fs *flag.FlagSet) *format {
	f := formatTable
	fs.Var(&f, "format", "print a `table` or json")
	fs.Var(&f, "f", "short for --`format`")
	return &f
}
