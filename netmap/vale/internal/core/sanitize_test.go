package core

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestSanitized compiles the C files with the address and undefined-behaviour sanitizers and feeds them
// garbage (testdata/garbage.c): no read or write out of bounds, no leak, no undefined behaviour.
func TestSanitized(t *testing.T) {
	rounds := "3000"
	if testing.Short() {
		rounds = "300"
	}
	files, err := filepath.Glob("*.c")
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(t.TempDir(), "garbage")
	args := append([]string{
		"-g", "-O1", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
		"-I.", "-I../../../internal/abi", "-o", bin, "testdata/garbage.c",
	}, files...)
	if out, err := exec.Command("gcc", args...).CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	for seed := range 4 {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			if out, err := exec.Command(bin, fmt.Sprint(seed), rounds).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
		})
	}
}
