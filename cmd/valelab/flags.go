package main

import (
	"flag"
	"fmt"
	"slices"
	"strings"
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
	formatJSONL format = "jsonl" // an object a line
	formatCSV   format = "csv"
)

// A formatValue makes a format a flag.Value that takes some formats only.
type formatValue struct {
	format  *format
	allowed []format
}

// String returns the format; it is asked of the zero value too.
func (v formatValue) String() string {
	if v.format == nil {
		return ""
	}
	return string(*v.format)
}

// Set refuses what is no format.
func (v formatValue) Set(s string) error {
	if !slices.Contains(v.allowed, format(s)) {
		return fmt.Errorf("is not %s", v.names())
	}
	*v.format = format(s)
	return nil
}

// names lists what is allowed: table, json or csv.
func (v formatValue) names() string {
	var text strings.Builder
	for i, f := range v.allowed {
		switch {
		case i > 0 && i == len(v.allowed)-1:
			text.WriteString(" or ")
		case i > 0:
			text.WriteString(", ")
		}
		text.WriteString(string(f))
	}
	return text.String()
}

// formatFlag declares --format and its short form -f. Without others it is a
// table or json.
func formatFlag(fs *flag.FlagSet, allowed ...format) *format {
	if len(allowed) == 0 {
		allowed = []format{formatTable, formatJSON}
	}
	f := allowed[0]
	v := formatValue{&f, allowed}
	fs.Var(v, "format", "print a "+strings.Replace(v.names(), string(f), "`"+string(f)+"`", 1))
	fs.Var(v, "f", "short for --`format`")
	return &f
}
