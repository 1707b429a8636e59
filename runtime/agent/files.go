package agent

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/runtime/keeper"
)

// take takes a file out of an entry, which then no longer has it.
func take(entry *keeper.Entry, i int) int {
	fd := entry.FDs[i]
	entry.FDs[i] = -1
	return fd
}

// newFile is take for who wants an os.File.
func newFile(entry *keeper.Entry, i int, name string) *os.File {
	return os.NewFile(uintptr(take(entry, i)), name)
}

// drop closes the files that nobody has taken.
func drop(entry *keeper.Entry) {
	for i := range entry.FDs {
		closeFD(take(entry, i))
	}
}

// closeFD closes a file; -1 is fine. What these files are, closing reports no
// errors that anybody could act on.
func closeFD(fd int) {
	if fd >= 0 {
		_ = unix.Close(fd)
	}
}

// report logs a failure that nobody can be told of, the first one of each kind
// and name: what a program can cause must not fill the log.
func (a *agent) report(err error, what, name string) {
	if err == nil {
		return
	}
	if _, known := a.reported.LoadOrStore([2]string{what, name}, nil); !known {
		a.log.Error(what, "name", name, "error", err)
	}
}
