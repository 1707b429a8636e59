package state

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"golang.org/x/sys/unix"
)

// lockPoll is the time between two attempts at a lock that another holds.
const lockPoll = 20 * time.Millisecond

// Lock is the lab's lock, held until Unlock or Remove, or until the process
// ends. It is for one goroutine.
type Lock struct {
	dir  Dir
	file *os.File
}

// Acquire makes the lab's folder if it is missing and takes its lock. It waits
// at most patience for another holder, then fails with [ErrBusy].
//
// A folder there that is not a lab's is left alone: [ErrForeign].
func (d Dir) Acquire(ctx context.Context, patience time.Duration) (*Lock, error) {
	deadline := time.Now().Add(patience)
	for {
		lock, err := d.tryLock()
		switch {
		case err == nil:
			return lock, nil
		case errors.Is(err, errMoved):
			continue
		case !errors.Is(err, unix.EWOULDBLOCK):
			return nil, fmt.Errorf("lab %s: lock: %w", d.name, err)
		case time.Now().After(deadline):
			return nil, fmt.Errorf("lab %s %w%s", d.name, ErrBusy, d.holder())
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(lockPoll):
		}
	}
}

// errMoved says that the lock file was replaced or removed while it was being
// locked: a destroy finished in between.
var errMoved = errors.New("lock file was replaced")

func (d Dir) tryLock() (*Lock, error) {
	if err := os.MkdirAll(filepath.Dir(d.root.path), 0o755); err != nil {
		return nil, err
	}
	if err := os.Mkdir(d.root.path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	if err := os.Mkdir(d.Path(), 0o700); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, errMoved // the root went away again
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		if there, err := d.Exists(); err != nil {
			return nil, err
		} else if !there {
			return nil, errMoved
		}
	}
	f, err := os.OpenFile(d.Lock(), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, errMoved
		}
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		return nil, err
	}
	held, err1 := f.Stat()
	named, err2 := os.Stat(d.Lock())
	if err1 != nil || err2 != nil || !os.SameFile(held, named) {
		f.Close()
		return nil, errMoved
	}
	// For people only: who can't write it holds the lock all the same.
	_ = f.Truncate(0)
	_, _ = fmt.Fprintf(f, "%d\n%s\n%s\n", os.Getpid(), time.Now().Format(time.RFC3339), commandLine())
	return &Lock{dir: d, file: f}, nil
}

// commandLine returns this program's arguments as one line.
func commandLine() string {
	const most = 200
	line := strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, strings.Join(os.Args, " "))
	if len(line) > most {
		line = line[:most] + "..."
	}
	return line
}

// holder says who holds the lock, as the end of a sentence; nothing when that
// is not known.
func (d Dir) holder() string {
	text, err := os.ReadFile(d.Lock())
	lines := strings.Split(string(text), "\n")
	if err != nil || len(lines) < 3 {
		return ""
	}
	since, err := time.Parse(time.RFC3339, lines[1])
	if err != nil {
		return ""
	}
	return fmt.Sprintf(": process %s, %q, since %s", lines[0], lines[2], since.Format(time.TimeOnly))
}

// Unlock gives the lock back and leaves the folder.
func (l *Lock) Unlock() { l.file.Close() }

// Discard gives the lock back, and takes the folder away if nothing but the lock
// is in it.
func (l *Lock) Discard() error {
	entries, err := os.ReadDir(l.dir.Path())
	if err == nil && len(entries) == 1 && entries[0].Name() == "lock" {
		return l.Remove()
	}
	l.Unlock()
	return err
}

// Clear removes everything in the lab's folder but the lock.
func (l *Lock) Clear() error {
	entries, err := os.ReadDir(l.dir.Path())
	if err != nil {
		return fmt.Errorf("lab %s: remove folder: %w", l.dir.name, err)
	}
	for _, e := range entries {
		if e.Name() == "lock" {
			continue
		}
		if err := os.RemoveAll(filepath.Join(l.dir.Path(), e.Name())); err != nil {
			return fmt.Errorf("lab %s: remove folder: %w", l.dir.name, err)
		}
	}
	return nil
}

// Remove removes the lab's folder with everything in it, then the root if that
// is empty, and gives the lock back. The lock file goes last, so that a folder
// that could only be removed in part is still found as a lab's.
func (l *Lock) Remove() error {
	defer l.file.Close()
	path := l.dir.Path()
	if err := l.Clear(); err != nil {
		return err
	}
	if err := os.Remove(l.dir.Lock()); err != nil {
		return fmt.Errorf("lab %s: remove folder: %w", l.dir.name, err)
	}
	// Without the lock file the folder is free for another one to take over.
	if err := os.Remove(path); err != nil && !errors.Is(err, unix.ENOTEMPTY) && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("lab %s: remove folder: %w", l.dir.name, err)
	}
	return l.dir.root.Trim()
}
