package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/valelab/valelab/netmap/conformance/machine/internal/report"
)

const emulator = "qemu-system-x86_64"

// boot runs the machine to its end and calls each for every result that comes. It returns what the machine wrote to
// its console. A machine that says nothing for too long is switched off.
func boot(ctx context.Context, dir, archive string, o options, each func(report.Result)) ([]byte, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	consoleFile := filepath.Join(dir, "console")
	cmd := exec.CommandContext(ctx, emulator,
		"-accel", "tcg,thread=multi", "-cpu", "max", "-m", strconv.Itoa(o.memory), "-smp", strconv.Itoa(o.cpus),
		"-nodefaults", "-no-reboot", "-display", "none", "-nic", "none",
		"-serial", "file:"+consoleFile, "-serial", "stdio",
		"-kernel", o.kernel, "-initrd", archive,
		"-append", "console=ttyS0 quiet rdinit=/init panic=-1 mitigations=off log_buf_len=8M")
	cmd.Stderr = os.Stderr
	line, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	silence := time.AfterFunc(o.patience, func() {
		stop(fmt.Errorf("nothing has come from the machine for %v", o.patience))
	})
	err = report.Read(line, func(r report.Result) {
		silence.Reset(o.patience)
		each(r)
	})
	silence.Stop()
	werr := cmd.Wait()
	if cause := context.Cause(ctx); cause != nil {
		werr = cause
	}
	console, cerr := os.ReadFile(consoleFile)
	return console, errors.Join(err, werr, cerr)
}
