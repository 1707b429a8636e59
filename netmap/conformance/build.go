package conformance

import (
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/valelab/valelab/netmap/internal/abi"
)

//go:embed suite
var suite embed.FS

// Build compiles the suite into a folder that exists and gives the program's path. flags are more ones for gcc.
func Build(dir string, flags ...string) (string, error) {
	if err := os.CopyFS(dir, suite); err != nil {
		return "", err
	}
	src := filepath.Join(dir, "suite")
	if err := os.WriteFile(filepath.Join(src, "netmap_abi.h"), []byte(abi.Header), 0o644); err != nil {
		return "", err
	}
	files, err := filepath.Glob(filepath.Join(src, "*.c"))
	if err != nil {
		return "", err
	}
	program := filepath.Join(dir, "conformance")
	args := append([]string{"-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-pthread", "-o", program}, flags...)
	args = append(args, files...)
	if out, err := exec.Command("gcc", args...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("gcc: %w\n%s", err, out)
	}
	return program, nil
}
