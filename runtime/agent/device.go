package agent

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// netns is a network namespace that the agent looks devices up and opens
// sockets in. It is safe for concurrent use.
type netns struct {
	probe int      // a socket of the namespace
	file  *os.File // the namespace; nil: the one that the agent is in
}

// openNetns opens a namespace by its file, which it takes over, or with nil
// the agent's own.
func openNetns(file *os.File) (*netns, error) {
	n := &netns{file: file}
	err := n.inside(func() (err error) {
		n.probe, err = unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("network namespace: %w", err)
	}
	return n, nil
}

// index returns the index of a device, 0 when there is none of that name.
func (n *netns) index(device string) (int, error) {
	request, err := unix.NewIfreq(device)
	if err != nil {
		return 0, fmt.Errorf("device %s: %w", device, err)
	}
	err = unix.IoctlIfreq(n.probe, unix.SIOCGIFINDEX, request)
	if errors.Is(err, unix.ENODEV) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("device %s: %w", device, err)
	}
	return int(request.Uint32()), nil
}

// inside runs f on a thread that is in the namespace.
func (n *netns) inside(f func() error) error {
	if n.file == nil {
		return f()
	}
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return err
	}
	defer home.Close()
	result := make(chan error, 1)
	go func() {
		// A thread that can't go home ends with this goroutine.
		runtime.LockOSThread()
		if err := unix.Setns(int(n.file.Fd()), unix.CLONE_NEWNET); err != nil {
			runtime.UnlockOSThread()
			result <- err
			return
		}
		err := f()
		if unix.Setns(int(home.Fd()), unix.CLONE_NEWNET) == nil {
			runtime.UnlockOSThread()
		}
		result <- err
	}()
	return <-result
}

// close gives the namespace back.
func (n *netns) close() {
	_ = unix.Close(n.probe)
	if n.file != nil {
		_ = n.file.Close()
	}
}
