package vale

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Files are the descriptors that a program and the switch share. Kick and Wake behave as eventfds do: 8 bytes
// written make them readable, a read of 8 bytes takes that back.
type Files struct {
	Region *os.File // sealed memfd
	Kick   *os.File // the program writes, the switch waits
	Wake   *os.File // the switch writes, the program waits
}

// onFD calls f with the file's descriptor, whose blocking mode stays as it is.
func onFD(file *os.File, f func(fd int) error) error {
	raw, err := file.SyscallConn()
	if err != nil {
		return err
	}
	if cerr := raw.Control(func(fd uintptr) { err = f(int(fd)) }); cerr != nil {
		return cerr
	}
	return err
}

// plainFile wraps a descriptor so that Go's poller leaves it alone: the switch and the programs wait for it,
// nobody in Go does.
func plainFile(fd int, name string) (*os.File, error) {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err == nil {
		_, err = unix.FcntlInt(uintptr(fd), unix.F_SETFL, flags&^unix.O_NONBLOCK)
	}
	if err != nil {
		unix.Close(fd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	f := os.NewFile(uintptr(fd), name)
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFL, flags); err != nil {
		f.Close()
		return nil, os.NewSyscallError("fcntl", err)
	}
	return f, nil
}

// duplicate gives another descriptor of the file.
func duplicate(file *os.File, name string) (dup *os.File, err error) {
	err = onFD(file, func(fd int) error {
		n, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			return os.NewSyscallError("fcntl", err)
		}
		dup, err = plainFile(n, name)
		return err
	})
	return dup, err
}

// newKick makes an eventfd.
func newKick() (*os.File, error) {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("eventfd", err)
	}
	return plainFile(fd, "kick")
}

// newWake makes the program's side of a wake-up. It is a pipe: the switch writes through a description of its
// own (openWaker), whose blocking mode the program can't reach; an eventfd that a program fills up and makes
// blocking would stop the switch. The program's side is open both ways, so that no hang-up shows while one
// engine gives way to the next.
func newWake() (*os.File, error) {
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return nil, os.NewSyscallError("pipe2", err)
	}
	defer unix.Close(ends[0])
	defer unix.Close(ends[1])
	// A wake-up is 8 bytes: the least that a pipe can hold is plenty.
	if _, err := unix.FcntlInt(uintptr(ends[0]), unix.F_SETPIPE_SZ, os.Getpagesize()); err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	fd, err := reopen(ends[0], unix.O_RDWR)
	if err != nil {
		return nil, err
	}
	return plainFile(fd, "wake")
}

// openWaker opens the switch's side of newWake's pipe.
func openWaker(wake *os.File) (waker *os.File, err error) {
	err = onFD(wake, func(fd int) error {
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err != nil {
			return os.NewSyscallError("fstat", err)
		}
		if st.Mode&unix.S_IFMT != unix.S_IFIFO {
			return fmt.Errorf("wake: %w: not a pipe", ErrInvalid)
		}
		n, err := reopen(fd, unix.O_WRONLY)
		if err != nil {
			return err
		}
		waker, err = plainFile(n, "waker")
		return err
	})
	return waker, err
}

func reopen(fd, mode int) (int, error) {
	path := fmt.Sprintf("/proc/self/fd/%d", fd)
	n, err := unix.Open(path, mode|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return -1, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return n, nil
}
