package serve

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// newFile wraps another descriptor of what fd is.
func newFile(t testing.TB, fd int) *os.File {
	t.Helper()
	dup, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(dup), "file")
	t.Cleanup(func() { f.Close() })
	return f
}
