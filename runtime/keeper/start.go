package keeper

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/valelab/valelab/runtime/state"
)

// PIDFile is the name of the keeper's pid file in the lab's state folder.
const PIDFile = "keeper.pid"

// maxLabDir is the longest state folder that fits the mark of a namespace.
const maxLabDir = 240

// Config says what keeper to start.
type Config struct {
	LabDir string   // the lab's state folder: absolute, there already
	Env    []string // more of the keeper's and the agent's environment, "NAME=value"
}

// Start starts the keeper of a lab in a session of its own, with the network
// namespace of the calling thread as the machine's. It writes the pid file
// before it lets the keeper begin, so that a caller killed at any point leaves
// either a keeper that can be found or none. When Start returns without error
// the lab's network namespace is there and the first agent is on its way;
// whether that one answers is for its API to tell.
//
// The keeper outlives the caller; until then it is a child that is waited for
// in the background. When the context ends first, or on any other error,
// nothing is left of it.
func Start(ctx context.Context, config Config) (state.PID, error) {
	if !filepath.IsAbs(config.LabDir) || len(config.LabDir) > maxLabDir {
		return state.PID{}, fmt.Errorf("keeper of %s: the state folder must be an absolute path of at most %d bytes", config.LabDir, maxLabDir)
	}
	pid, err := start(ctx, config)
	if err != nil {
		return state.PID{}, fmt.Errorf("keeper of %s: %w", config.LabDir, err)
	}
	return pid, nil
}

func start(ctx context.Context, config Config) (pid state.PID, err error) {
	goRead, goWrite, err := os.Pipe()
	if err != nil {
		return pid, err
	}
	defer goWrite.Close()
	reportRead, reportWrite, err := os.Pipe()
	if err != nil {
		goRead.Close()
		return pid, err
	}
	defer reportRead.Close()

	cmd := exec.Command("/proc/self/exe")
	cmd.Args = []string{"valelab-keeper", config.LabDir}
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, config.Env...)
	cmd.Dir = "/"
	cmd.ExtraFiles = []*os.File{goRead, reportWrite}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = cmd.Start()
	goRead.Close()
	reportWrite.Close()
	if err != nil {
		return pid, err
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // only to leave no zombie: how it ended is nobody's question
		close(ended)
	}()

	pidFile := filepath.Join(config.LabDir, PIDFile)
	defer func() {
		if err != nil {
			_ = cmd.Process.Signal(syscall.SIGTERM) // it takes its agent with it
			goWrite.Close()
			<-ended
			os.Remove(pidFile)
		}
	}()
	pid.Number = cmd.Process.Pid
	if pid.Start, err = state.StartTime(pid.Number); err != nil {
		return pid, err
	}
	if err = state.WritePID(pidFile, pid); err != nil {
		return pid, err
	}
	if _, err = goWrite.Write([]byte{1}); err != nil {
		return pid, err
	}
	return pid, awaitReport(ctx, reportRead)
}

// awaitReport reads what a starting keeper has to say until it closes the pipe.
func awaitReport(ctx context.Context, report *os.File) error {
	stop := context.AfterFunc(ctx, func() { _ = report.SetReadDeadline(time.Now()) })
	defer stop()
	text, err := io.ReadAll(io.LimitReader(report, 4096))
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return err
	case len(text) == 0:
		return errors.New("it ended at once; does this program have the keeper in it?")
	case string(text) != "ok":
		return errors.New(string(text))
	}
	return nil
}
