package keeper

import (
	"errors"
	"fmt"
	"net"
	"runtime"
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// loopback looks at lo in the network namespace of a process.
func loopback(t *testing.T, pid int) (alias string, up bool) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // for ever: the thread ends with the goroutine
		done <- func() error {
			ns, err := netns.GetFromPid(pid)
			if err != nil {
				return err
			}
			defer ns.Close()
			if err := netns.Set(ns); err != nil {
				return err
			}
			lo, err := netlink.LinkByName("lo")
			if err != nil {
				return fmt.Errorf("lo: %w", err)
			}
			alias, up = lo.Attrs().Alias, lo.Attrs().Flags&net.FlagUp != 0
			return nil
		}()
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return alias, up
}

// needNamespaces skips the test where network namespaces can't be made.
func needNamespaces(t *testing.T) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // for ever: the thread ends with the goroutine
		done <- unix.Unshare(unix.CLONE_NEWNET)
	}()
	if err := <-done; errors.Is(err, unix.EPERM) {
		t.Skip("network namespaces: not permitted")
	} else if err != nil {
		t.Fatal(err)
	}
}
