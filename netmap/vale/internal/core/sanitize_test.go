package core

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestSanitized compiles the C files with the address and undefined-behaviour sanitizers and feeds them garbage: ports,
// sockets and trunks (testdata/garbage.c), pipes and monitors (testdata/monitors.c). No read or write out of bounds, no
// leak, no undefined behaviour.
func TestSanitized(t *testing.T) {
	rounds := "3000"
	if testing.Short() {
		rounds = "300"
	}
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(here, "*.c"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	gcc := func(args ...string) {
		t.Helper()
		cmd := exec.Command("gcc", append([]string{
			"-g", "-O1", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
			"-I" + here, "-I" + filepath.Join(here, "../../../internal/abi"),
		}, args...)...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("gcc: %v\n%s", err, out)
		}
	}
	gcc(append([]string{"-c"}, files...)...)
	objects, err := filepath.Glob(filepath.Join(dir, "*.o"))
	if err != nil {
		t.Fatal(err)
	}
	for _, program := range []string{"garbage", "monitors"} {
		bin := filepath.Join(dir, program)
		gcc(append([]string{"-o", bin, filepath.Join(here, "testdata", program+".c")}, objects...)...)
		for seed := range 4 {
			t.Run(fmt.Sprint(program, seed), func(t *testing.T) {
				if out, err := exec.Command(bin, fmt.Sprint(seed), rounds).CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
			})
		}
	}
}
