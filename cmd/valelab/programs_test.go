package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/preload"
)

// needLibrary skips a test where this binary does not carry the preload library,
// which `make test` builds first. Where the tests must all run, it fails.
func needLibrary(t *testing.T) {
	t.Helper()
	if _, err := preload.Library(); err != nil && os.Getenv("CI") != "" {
		t.Fatal(err)
	} else if err != nil {
		t.Skip(err)
	}
}

// compileC builds a C program of testdata.
func compileC(t *testing.T, name, out, compiler string, flags ...string) {
	t.Helper()
	args := append([]string{"-g", "-O2", "-Wall", "-Wextra", "-Werror", "-I../../netmap/internal/abi", "-I../../netmap/preload/testdata",
		"-o", out, filepath.Join("testdata", name+".c")}, flags...)
	if text, err := exec.Command(compiler, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", compiler, err, text)
	}
}

// job is a command that runs in a node.
type job struct {
	t      *testing.T
	cmd    *exec.Cmd
	out    *bufio.Reader
	stderr bytes.Buffer
}

// run starts a command in a node, which is ended with the test.
func (l *liveLab) run(node string, command ...string) *job {
	l.t.Helper()
	j := &job{t: l.t, cmd: l.command(append([]string{"exec", "--lab", l.name, node, "--"}, command...)...)}
	stdout, err := j.cmd.StdoutPipe()
	if err != nil {
		l.t.Fatal(err)
	}
	j.out = bufio.NewReader(stdout)
	j.cmd.Stderr = &j.stderr
	if err := j.cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() {
		j.cmd.Process.Signal(unix.SIGTERM)
		j.cmd.Wait() // it may have been waited for
		if l.t.Failed() && j.stderr.Len() > 0 {
			l.t.Logf("%v: %s", command, j.stderr.Bytes())
		}
	})
	return j
}

// says waits for a line.
func (j *job) says(want string) *job {
	j.t.Helper()
	if line, err := j.out.ReadString('\n'); line != want+"\n" {
		io.Copy(io.Discard, j.out)
		j.cmd.Wait()
		j.t.Fatalf("%v: %q, %v; want %q\n%s", j.cmd.Args, line, err, want, j.stderr.Bytes())
	}
	return j
}

// ends waits for the end, which must be a good one.
func (j *job) ends() {
	j.t.Helper()
	rest, _ := io.ReadAll(j.out)
	if err := j.cmd.Wait(); err != nil {
		j.t.Fatalf("%v: %v\n%s%s", j.cmd.Args, err, rest, j.stderr.Bytes())
	}
}
