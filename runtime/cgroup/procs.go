package cgroup

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// Procs returns the processes in all groups of the lab, as numbers of the
// caller's PID namespace, each once.
func (l *Lab) Procs() ([]int, error) {
	var pids []int
	seen := make(map[int]bool)
	err := l.walk(func(folder string) error {
		found, err := procs(folder)
		for _, pid := range found {
			if !seen[pid] {
				seen[pid] = true
				pids = append(pids, pid)
			}
		}
		return err
	})
	return pids, err
}

// Kill sends SIGKILL to every process in the lab's groups and returns without
// waiting for their end.
func (l *Lab) Kill() error {
	return l.walk(kill)
}

// walk calls do for each node's folder in every hierarchy and joins the
// errors. A folder that goes away meanwhile is fine.
func (l *Lab) walk(do func(folder string) error) error {
	var faults []error
	for _, lab := range l.folders() {
		entries, err := os.ReadDir(lab)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			faults = append(faults, err)
		}
		for _, entry := range entries {
			if !entry.IsDir() {
				continue
			}
			err := do(filepath.Join(lab, entry.Name()))
			if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, unix.ENODEV) {
				faults = append(faults, err)
			}
		}
	}
	return errors.Join(faults...)
}

// kill ends the processes of one group: at once where the kernel can, else
// (version 1, or a kernel before 5.14) one by one until none is listed.
func kill(folder string) error {
	if err := write(folder, "cgroup.kill", "1"); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	const rounds = 100
	for range rounds {
		pids, err := procs(folder)
		if err != nil || len(pids) == 0 {
			return err
		}
		for _, pid := range pids {
			if err := killMember(folder, pid); err != nil {
				return err
			}
		}
		time.Sleep(time.Millisecond)
	}
	return fmt.Errorf("%s: processes keep appearing", folder)
}

// killMember kills a process unless it has ended, and its number has passed to
// a process outside of the group.
func killMember(folder string, pid int) error {
	fd, err := unix.PidfdOpen(pid, 0)
	if err == unix.ESRCH {
		return nil
	}
	if err != nil {
		return fmt.Errorf("process %d of %s: %w", pid, folder, err)
	}
	defer unix.Close(fd)
	members, err := procs(folder)
	if err != nil || !slices.Contains(members, pid) {
		return err
	}
	if err := unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0); err != nil && err != unix.ESRCH {
		return fmt.Errorf("process %d of %s: %w", pid, folder, err)
	}
	return nil
}

// procs reads the process list of one group.
func procs(folder string) ([]int, error) {
	f, err := os.Open(filepath.Join(folder, "cgroup.procs"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var pids []int
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		pid, err := strconv.Atoi(lines.Text())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name(), err)
		}
		if pid != 0 { // 0 stands for a process of another PID namespace
			pids = append(pids, pid)
		}
	}
	return pids, lines.Err()
}
