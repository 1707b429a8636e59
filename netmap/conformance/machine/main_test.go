package main

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/valelab/valelab/netmap/conformance/machine/internal/report"
)

// Without the module the target says what it needs, and fails.
func TestExplains(t *testing.T) {
	for _, args := range [][]string{
		{"-netmap", "", "-kernel", "", "-modules", ""},
		{"-netmap", "/nowhere/netmap.ko", "-kernel", "/dev/null", "-modules", "/"},
	} {
		err := run(t.Context(), args, os.Stdout)
		if err == nil || !strings.Contains(err.Error(), "NETMAP_KO=") {
			t.Errorf("%q: %v", args, err)
		}
	}
}

// The labs of the table are those of the folder that need no engine, and each has its test.
func TestProcessLabs(t *testing.T) {
	labs, err := processLabs("../../../labs")
	if err != nil || len(labs) < 6 {
		t.Fatalf("%q, %v", labs, err)
	}
	tests, err := os.ReadFile("../../../cmd/valelab/labs_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, lab := range labs {
		if !strings.Contains(strings.ToLower(string(tests)), "func testrootlab"+lab+"(") {
			t.Errorf("lab %s has no test in cmd/valelab/labs_test.go", lab)
		}
		if strings.HasSuffix(lab, "-docker") {
			t.Errorf("lab %s needs an engine", lab)
		}
	}
	if _, err := processLabs(t.TempDir()); err == nil {
		t.Error("a folder without labs has some")
	}
}

func TestTestedPackages(t *testing.T) {
	root := t.TempDir()
	for file, text := range map[string]string{
		"a/a_test.go": "//go:build kernel\n\nfunc TestKernelX(t *testing.T) {}\nfunc TestKernelY(t *testing.T) {}\n",
		"a/b_test.go": "func TestKernelZ(t *testing.T) {}\n",
		"b/b_test.go": "// func TestKernelY is elsewhere\n", "d/d_test.go": "func TestKernelX(t *testing.T) {}\n", "c/c.go": "func TestKernelX() {}\n",
		".git/d_test.go": "func TestKernelX(t *testing.T) {}\n",
	} {
		path := filepath.Join(root, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := testedPackages(root, regexp.MustCompile("^TestKernel[YZ]"))
	if err != nil || !reflect.DeepEqual(got, []string{filepath.Join(root, "a")}) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestProgress(t *testing.T) {
	for want, r := range map[string]report.Result{
		"":                               {Part: report.PartConformance, Name: "a", OK: true},
		"FAIL conformance a\n     wrong": {Part: report.PartConformance, Name: "a", Text: "wrong\n"},
		"ok   labs        ping, netmap: user (1.5 s)": {Part: report.PartLabs, Name: "ping", Backend: "user", OK: true, Seconds: 1.5, Text: "long"},
	} {
		if got := progress(r); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
