package flagtext

import (
	"errors"
	"flag"
	"io"
	"strings"
	"testing"
	"time"
)

func flags() *flag.FlagSet {
	fs := flag.NewFlagSet("x", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Int("tail", -1, "only the last `N` lines")
	fs.Uint64("count", 0, "end after `N` packets")
	fs.Duration("interval", time.Second, "`TIME` between two")
	fs.Bool("once", false, "print once")
	fs.Float64("share", 0, "this `PART`")
	fs.Func("f", "print a `format`", func(string) error { return errors.New("is none of them") })
	fs.Func("mac", "an `ADDRESS`", func(s string) error { return errors.New(`"` + s + `" is no address`) })
	return fs
}

func TestList(t *testing.T) {
	want := strings.TrimPrefix(`
  --count N        end after N packets
  -f format        print a format
  --interval TIME  TIME between two (1s)
  --mac ADDRESS    an ADDRESS
  --once           print once
  --share PART     this PART
  --tail N         only the last N lines
`, "\n")
	if got := List(flags()); got != want {
		t.Errorf("flags:\n%s\nwant\n%s", got, want)
	}
	if got := List(flag.NewFlagSet("x", flag.ContinueOnError)); got != "" {
		t.Errorf("no flags: %q", got)
	}
}

func TestFault(t *testing.T) {
	for args, want := range map[string]string{
		"--fast":                             "there is no flag --fast",
		"-q":                                 "there is no flag -q",
		"--tail":                             "--tail needs a value",
		"--tail many":                        `--tail: "many" is not a whole number`,
		"--count -1":                         `--count: "-1" is not a whole number from 0`,
		"--interval 3":                       `--interval: "3" is not a time, as in 10s`,
		"--once=often":                       `--once: "often" is not true or false`,
		"--share half":                       `--share: "half" is not a number`,
		"-f xml":                             `-f: "xml" is none of them`,
		"--mac 1":                            `--mac: "1" is no address`,
		"---tail":                            "bad flag syntax: ---tail",
		"--tail 9" + strings.Repeat("9", 30): `--tail: "9` + strings.Repeat("9", 30) + `" is out of range`,
	} {
		fs := flags()
		err := Fault(fs, fs.Parse(strings.Fields(args)))
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", args, err, want)
		}
	}
	if err := Fault(flags(), flag.ErrHelp); err != flag.ErrHelp {
		t.Errorf("help: %v", err)
	}
	if err := Fault(flags(), nil); err != nil {
		t.Error(err)
	}
}
