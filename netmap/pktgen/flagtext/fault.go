package flagtext

import (
	"errors"
	"flag"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// badValue is what package flag says of a value that a flag does not take.
var badValue = regexp.MustCompile(`^invalid (?:boolean )?value ("(?:[^"\\]|\\.)*") for (?:flag )?-(\S+): (.*)$`)

// Fault words an error of fs.Parse, which package flag has for programmers. Help
// that was asked for, [flag.ErrHelp], stays what it is.
func Fault(fs *flag.FlagSet, err error) error {
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return err
	}
	text := err.Error()
	if name, ok := strings.CutPrefix(text, "flag provided but not defined: -"); ok {
		return fmt.Errorf("there is no flag %s", dashed(name))
	}
	if name, ok := strings.CutPrefix(text, "flag needs an argument: -"); ok {
		return fmt.Errorf("%s needs a value", dashed(name))
	}
	found := badValue.FindStringSubmatch(text)
	if found == nil {
		return err
	}
	value, name, why := found[1], found[2], found[3]
	switch why {
	case "parse error":
		why = "is not " + kind(fs.Lookup(name))
	case "value out of range":
		why = "is out of range"
	}
	if !strings.HasPrefix(why, value) { // who reads the value may have named it
		why = value + " " + why
	}
	return fmt.Errorf("%s: %s", dashed(name), why)
}

// kind says what a flag takes.
func kind(f *flag.Flag) string {
	getter, ok := f.Value.(flag.Getter)
	if !ok {
		return "understood"
	}
	switch getter.Get().(type) {
	case bool:
		return "true or false"
	case time.Duration:
		return "a time, as in 10s"
	case int, int64:
		return "a whole number"
	case uint, uint64:
		return "a whole number from 0"
	}
	return "a number"
}
