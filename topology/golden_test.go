package topology

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-multierror"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// testEnv is the world of the lab files in testdata.
func testEnv() Env {
	vars := map[string]string{
		"HOME":  "/root",
		"EMPTY": "",
		"IMAGE": "alpine:3.20",
		"EVIL":  "x\nnodes: {gen: {}}\n}]",
	}
	files := map[string]string{
		"common.env": "# of every node\nLEVEL=file\nexport GREETING=\"hello there\"\nHOME\nNOBODY_SETS_THIS\n",
		"router.env": "GREETING='good morning'\r\n  AREA = 0\n\n",
		"bad.env":    "GOOD=1\nnot good=2\n",
	}
	return Env{
		Folder: "/labs/demo",
		Lookup: func(name string) (string, bool) {
			value, ok := vars[name]
			return value, ok
		},
		ReadFile: func(path string) ([]byte, error) {
			text, ok := files[path]
			if !ok {
				return nil, fmt.Errorf("open %s: no such file or directory", path)
			}
			return []byte(text), nil
		},
	}
}

// golden compares got with the file, or writes the file under -update.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// inputs returns the lab files of a folder of testdata.
func inputs(t *testing.T, folder string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", folder, "*.yml"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no lab files in testdata/%s: %v", folder, err)
	}
	return paths
}

// faultsOf returns the faults in an error of Parse.
func faultsOf(t testing.TB, err error) []*Fault {
	t.Helper()
	var all *multierror.Error
	if !errors.As(err, &all) {
		t.Fatalf("error %v is a %T, not a *multierror.Error", err, err)
	}
	var faults []*Fault
	for _, err := range all.Errors {
		f, ok := err.(*Fault)
		if !ok {
			t.Fatalf("error %v is a %T, not a *Fault", err, err)
		}
		faults = append(faults, f)
	}
	return faults
}

// faultText returns faults as a user sees them.
func faultText(faults []*Fault) string {
	var b strings.Builder
	for _, f := range faults {
		fmt.Fprintln(&b, f)
		if f.Hint != "" {
			fmt.Fprintln(&b, "hint:", f.Hint)
		}
	}
	return b.String()
}
