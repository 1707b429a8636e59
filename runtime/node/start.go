package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/preload"
	"github.com/valelab/valelab/runtime/state"
)

const namespaces = unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC

// Start makes a node: its folders, its namespaces and its init, set up, with
// lo up, waiting for Release. It returns once init has said that all is in
// place. The caller may be killed at any moment of it: what is left is found
// by Find or ends by itself. When Start fails it has removed what it made.
func Start(ctx context.Context, cfg Config) (*Process, error) {
	p, err := start(ctx, &cfg)
	if err != nil {
		return nil, &Error{cfg.Name, err}
	}
	return p, nil
}

func start(ctx context.Context, cfg *Config) (*Process, error) {
	records, err := cfg.resolve()
	if err != nil {
		return nil, err
	}
	message, err := encode(records)
	if err != nil {
		return nil, err
	}
	if p, err := Find(cfg.LabDir, cfg.Name); err == nil {
		p.Close()
		return nil, ErrRunning
	}
	if err := makeFolders(cfg, message); err != nil {
		return nil, errors.Join(err, Remove(cfg.LabDir, cfg.Name))
	}
	p, err := startInit(ctx, cfg, message)
	if err != nil {
		return nil, errors.Join(err, Remove(cfg.LabDir, cfg.Name))
	}
	return p, nil
}

// makeFolders makes the node's two folders anew.
func makeFolders(cfg *Config, message []byte) error {
	if err := Remove(cfg.LabDir, cfg.Name); err != nil {
		return err
	}
	private, public := stateDir(cfg.LabDir, cfg.Name), publicDir(cfg.LabDir, cfg.Name)
	if err := os.MkdirAll(private, 0o700); err != nil {
		return err
	}
	if err := fillPublic(public, hostsFile(cfg.Hosts, cfg.hostname()), cfg.Preload); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(private, "config"), message, 0o600); err != nil {
		return err
	}
	if err := unix.Mkfifo(filepath.Join(private, "ctl"), 0o600); err != nil {
		return &os.PathError{Op: "mkfifo", Path: filepath.Join(private, "ctl"), Err: err}
	}
	return nil
}

// fillPublic makes the folder that the node sees, for all of its users
// whatever the caller's umask.
func fillPublic(public string, hosts, library []byte) error {
	bin := filepath.Join(public, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return err
	}
	// The place where init mounts the running binary.
	if err := os.WriteFile(filepath.Join(bin, "valelab"), nil, 0o755); err != nil {
		return err
	}
	hostsPath := filepath.Join(public, "hosts")
	if err := os.WriteFile(hostsPath, hosts, 0o644); err != nil {
		return err
	}
	if library != nil {
		// A program may run as any user of the node.
		path := filepath.Join(bin, preload.Name)
		if err := errors.Join(os.WriteFile(path, library, 0o644), os.Chmod(path, 0o644)); err != nil {
			return err
		}
	}
	return errors.Join(os.Chmod(public, 0o755), os.Chmod(bin, 0o755), os.Chmod(hostsPath, 0o644))
}

// startInit starts the process and takes it through its set-up.
func startInit(ctx context.Context, cfg *Config, message []byte) (*Process, error) {
	files, err := openInitFiles(cfg)
	if err != nil {
		return nil, err
	}
	defer files.close()
	pid, grouped, err := fork(cfg, files)
	files.closeChildEnds()
	if err != nil {
		return nil, err
	}
	p, err := open(cfg.Name, pid)
	if err != nil {
		return nil, err
	}
	if err := p.setUp(ctx, cfg, files, grouped, message); err != nil {
		// The pidfd works without ctx: a dead init is a matter of milliseconds.
		err = errors.Join(err, p.Kill(context.WithoutCancel(ctx)))
		p.Close()
		return nil, err
	}
	return p, nil
}

// fork starts init in new namespaces and, when it can, in its cgroup from the
// first moment.
func fork(cfg *Config, files *initFiles) (pid int, grouped bool, err error) {
	attr := &syscall.ProcAttr{
		Dir:   "/",
		Files: files.forChild(),
		Sys:   &syscall.SysProcAttr{Setsid: true, Cloneflags: namespaces},
	}
	if cfg.Cgroup != nil && cfg.Cgroup.Dir() != nil {
		attr.Sys.UseCgroupFD = true
		attr.Sys.CgroupFD = int(cfg.Cgroup.Dir().Fd())
	}
	argv := []string{initName, cfg.LabDir, cfg.Name}
	pid, err = syscall.ForkExec("/proc/self/exe", argv, attr)
	if errors.Is(err, syscall.ENOSYS) && attr.Sys.UseCgroupFD { // clone3 is filtered
		attr.Sys.UseCgroupFD = false
		pid, err = syscall.ForkExec("/proc/self/exe", argv, attr)
	}
	if errors.Is(err, syscall.EPERM) {
		return 0, false, fmt.Errorf("%w: %w", ErrNotPermitted, err)
	}
	if err != nil {
		return 0, false, fmt.Errorf("start init: %w", err)
	}
	return pid, attr.Sys.UseCgroupFD, nil
}

// setUp writes down init's number, and only then gives it its configuration.
// An init that is killed or gives up says why.
func (p *Process) setUp(ctx context.Context, cfg *Config, files *initFiles, grouped bool, message []byte) error {
	if cfg.Cgroup != nil {
		if err := cfg.Cgroup.Add(p.pid, grouped); err != nil {
			return err
		}
	}
	if err := state.WritePID(pidFile(cfg.LabDir, cfg.Name), state.PID{Number: p.pid, Start: p.start}); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() {
		files.config.SetDeadline(time.Unix(1, 0))
		files.ready.SetDeadline(time.Unix(1, 0))
	})
	defer stop()
	_, fault := files.config.Write(message)
	fault = errors.Join(fault, files.config.Close())
	answer, err := io.ReadAll(io.LimitReader(files.ready, 1024))
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case string(answer) == "ok":
		return nil
	case len(answer) > 0:
		return fmt.Errorf("set-up: %s", answer)
	}
	return errors.Join(errors.New("init ended during its set-up"), fault, err)
}
