package netnstest

import (
	"errors"
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// New returns an open file of a new network namespace, which lasts until the
// test ends.
func New(t testing.TB) *os.File {
	t.Helper()
	type result struct {
		file *os.File
		err  error
	}
	made := make(chan result)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with its goroutine
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			made <- result{err: err}
			return
		}
		file, err := os.Open("/proc/thread-self/ns/net")
		made <- result{file, err}
	}()
	r := <-made
	check(t, r.err)
	t.Cleanup(func() { r.file.Close() })
	return r.file
}

// Enter puts the calling goroutine into a new network namespace for good. Its
// thread ends with it, so it has to be the test's own goroutine.
func Enter(t testing.TB) {
	t.Helper()
	runtime.LockOSThread()
	check(t, unix.Unshare(unix.CLONE_NEWNET))
}

func check(t testing.TB, err error) {
	t.Helper()
	if errors.Is(err, unix.EPERM) {
		t.Skip("making a network namespace is not permitted: run the test as root")
	}
	if err != nil {
		t.Fatalf("new network namespace: %v", err)
	}
}
