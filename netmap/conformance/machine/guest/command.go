package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"time"

	"golang.org/x/sys/unix"
)

// An outcome is what became of a program.
type outcome struct {
	text    string // what it printed
	err     error
	seconds float64
}

// run runs a program in a folder. What it leaves running in its process group after the limit (0: ten minutes) is
// killed with it.
func run(dir string, limit time.Duration, env []string, program string, args ...string) outcome {
	if limit == 0 {
		limit = 10 * time.Minute
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	var text bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &text, &text
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = &unix.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return unix.Kill(-cmd.Process.Pid, unix.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	begin := time.Now()
	err := cmd.Run()
	if ctx.Err() != nil {
		err = fmt.Errorf("takes longer than %v: %w", limit, err)
	}
	return outcome{text.String(), err, time.Since(begin).Seconds()}
}
