package cgroup

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// RemoveNode removes the groups of a node whose processes have been killed;
// it waits until ctx is done for the last of them to be gone. Groups that do
// not exist are fine.
func (l *Lab) RemoveNode(ctx context.Context, name string) error {
	var faults []error
	for _, folder := range l.folders() {
		faults = append(faults, removeFolder(ctx, filepath.Join(folder, name)))
	}
	return errors.Join(faults...)
}

// Remove removes every group of the lab, and the folder of all labs when this
// was the last. It waits as RemoveNode does.
func (l *Lab) Remove(ctx context.Context) error {
	var faults []error
	for _, folder := range l.folders() {
		faults = append(faults, removeFolder(ctx, folder), removeLast(filepath.Dir(folder)))
	}
	return errors.Join(faults...)
}

// removeFolder removes a group and the groups in it. The kernel says "busy"
// while a killed process is still on its way out.
func removeFolder(ctx context.Context, folder string) error {
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		if err := removeInside(ctx, folder); err != nil {
			return err
		}
		err := unix.Rmdir(folder)
		if err == nil || err == unix.ENOENT {
			return nil
		}
		fault := &fs.PathError{Op: "rmdir", Path: folder, Err: err}
		if err != unix.EBUSY {
			return fault
		}
		select {
		case <-ctx.Done():
			return fault
		case <-time.After(wait):
		}
	}
}

// removeInside removes the groups in a group.
func removeInside(ctx context.Context, folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var faults []error
	for _, entry := range entries {
		if entry.IsDir() {
			faults = append(faults, removeFolder(ctx, filepath.Join(folder, entry.Name())))
		}
	}
	return errors.Join(faults...)
}

// removeLast removes the folder of all labs unless another lab still uses it.
func removeLast(folder string) error {
	err := unix.Rmdir(folder)
	if err == nil || err == unix.ENOENT || err == unix.EBUSY || err == unix.ENOTEMPTY {
		return nil
	}
	return &fs.PathError{Op: "rmdir", Path: folder, Err: err}
}
