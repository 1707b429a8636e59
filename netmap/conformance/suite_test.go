package conformance

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// program is the suite, built once.
var program string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "valelab-conformance-")
	if err == nil {
		defer os.RemoveAll(dir)
		program, err = Build(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// list gives the names of the suite's cases; a name that two have is a fault.
func list(t *testing.T) map[string]bool {
	t.Helper()
	out, err := exec.Command(program, "-l").Output()
	if err != nil {
		t.Fatal(err)
	}
	names := make(map[string]bool)
	for line := range strings.Lines(string(out)) {
		name, _, _ := strings.Cut(line, "\t")
		if names[name] {
			t.Errorf("two cases are called %s", name)
		}
		names[name] = true
	}
	return names
}

// Without a device every case fails, and says why: none can pass by not looking.
func TestEveryCaseLooks(t *testing.T) {
	if _, err := os.Stat("/dev/netmap"); err == nil {
		t.Skip("this machine has the netmap module")
	}
	out, _ := exec.Command(program, "-b", "user", "-e", "lo").Output()
	results, err := Parse(string(out))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if !r.Skipped && (r.Passed || r.Notes == "") {
			t.Errorf("%s: passed %v\n%s", r.Case, r.Passed, r.Notes)
		}
	}
}
