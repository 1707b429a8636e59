package main

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/runtime/ptytest"
)

// TestTerminalIsNotAsked checks that a command writes what it has to say to a
// terminal and nothing else: a question to the terminal would hold it up, and
// swallow what is typed ahead.
func TestTerminalIsNotAsked(t *testing.T) {
	t.Parallel()
	other, terminal := ptytest.Open(t)
	cmd := exec.Command("valelab", "version")
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "CI=") }), "TERM=xterm")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = terminal, terminal, terminal
	cmd.SysProcAttr = &unix.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	terminal.Close()
	said := make([]byte, 1024)
	n, err := other.Read(said)
	if err != nil {
		t.Fatal(err)
	}
	if text := string(said[:n]); !strings.HasPrefix(text, "valelab ") || strings.Contains(text, "\x1b") {
		t.Errorf("the terminal was told %q", text)
	}
}
