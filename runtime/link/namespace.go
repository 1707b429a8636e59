package link

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Namespace is a network namespace, open for requests. It may be used
// concurrently; requests take turns, as they do in the kernel.
type Namespace struct {
	file   *os.File
	handle *netlink.Handle
}

// Open opens the network namespace behind file, an open /proc/PID/ns/net. The
// Namespace owns the file from then on, also when Open fails.
func Open(file *os.File) (*Namespace, error) {
	n := &Namespace{file: file}
	err := within(file, func() (err error) {
		n.handle, err = netlink.NewHandle(unix.NETLINK_ROUTE)
		return err
	})
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("network namespace %s: %w", file.Name(), err)
	}
	return n, nil
}

// Current opens the network namespace of the calling thread.
func Current() (*Namespace, error) {
	file, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return nil, err
	}
	return Open(file)
}

// Close gives the socket and the file back. The namespace itself lives as long
// as others hold it. Closing twice is fine.
func (n *Namespace) Close() error {
	if n.handle == nil {
		return nil
	}
	n.handle.Close()
	n.handle = nil
	return n.file.Close()
}

// Mark returns the alias of the namespace's loopback device, which is where
// the owner of a namespace puts his mark.
func (n *Namespace) Mark() (string, error) {
	lo, err := n.handle.LinkByIndex(loopbackIndex)
	if err != nil {
		return "", fmt.Errorf("interface lo: %w", err)
	}
	return lo.Attrs().Alias, nil
}

// MountAt mounts the namespace on a file, which keeps it there whoever ends.
func (n *Namespace) MountAt(path string) error {
	if err := unix.Mount(fmt.Sprintf("/proc/self/fd/%d", n.file.Fd()), path, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("mount network namespace on %s: %w", path, err)
	}
	return nil
}

// loopbackIndex is the index of lo in every network namespace.
const loopbackIndex = 1

// within calls f on a thread that is in the network namespace behind file. The
// thread then goes back to where it was; if it can't, it ends with its
// goroutine.
func within(file *os.File, f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		home, err := os.Open("/proc/thread-self/ns/net")
		if err != nil {
			runtime.UnlockOSThread()
			done <- err
			return
		}
		defer home.Close()
		if err := unix.Setns(int(file.Fd()), unix.CLONE_NEWNET); err != nil {
			runtime.UnlockOSThread()
			done <- fmt.Errorf("enter network namespace: %w", err)
			return
		}
		err = f()
		if back := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); back == nil {
			runtime.UnlockOSThread()
		} else {
			err = errors.Join(err, fmt.Errorf("leave network namespace: %w", back))
		}
		done <- err
	}()
	return <-done
}
