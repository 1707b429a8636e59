package agent

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// namespace is a network namespace of a test.
type namespace struct{ file *os.File }

// needNamespaces skips the test where network namespaces can't be made.
func needNamespaces(t testing.TB) {
	t.Helper()
	if err := onThread(func() error { return unix.Unshare(unix.CLONE_NEWNET) }); errors.Is(err, unix.EPERM) {
		t.Skip("network namespaces: not permitted")
	} else if err != nil {
		t.Fatal(err)
	}
}

// newNamespace makes a namespace whose lo is up; it ends with the test.
func newNamespace(t testing.TB) (n namespace) {
	t.Helper()
	needNamespaces(t)
	err := onThread(func() (err error) {
		if err = unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return err
		}
		n.file, err = os.Open("/proc/thread-self/ns/net")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.file.Close() })
	n.do(t, func() error {
		lo, err := netlink.LinkByName("lo")
		if err != nil {
			return err
		}
		return netlink.LinkSetUp(lo)
	})
	return n
}

// namespaceOf opens the namespace of a process.
func namespaceOf(t testing.TB, pid int) namespace {
	t.Helper()
	file, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", pid))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return namespace{file}
}

// do runs f on a thread in the namespace.
func (n namespace) do(t testing.TB, f func() error) {
	t.Helper()
	err := onThread(func() error {
		if err := unix.Setns(int(n.file.Fd()), unix.CLONE_NEWNET); err != nil {
			return err
		}
		return f()
	})
	if err != nil {
		t.Fatal(err)
	}
}

// onThread runs f on a thread that is thrown away.
func onThread(f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		done <- f()
	}()
	return <-done
}

// addPair makes a veth pair: near in this namespace, and far, with hardware and
// IP addresses, in another. Both are up.
func (n namespace) addPair(t testing.TB, near string, other namespace, far, mac, address string) {
	t.Helper()
	n.do(t, func() error {
		pair := &netlink.Veth{
			LinkAttrs: netlink.LinkAttrs{Name: near}, PeerName: far,
			PeerNamespace: netlink.NsFd(other.file.Fd()),
		}
		if err := netlink.LinkAdd(pair); err != nil {
			return err
		}
		return netlink.LinkSetUp(pair)
	})
	other.do(t, func() error {
		link, err := netlink.LinkByName(far)
		if err != nil {
			return err
		}
		hardware, err := net.ParseMAC(mac)
		if err != nil {
			return err
		}
		if err := netlink.LinkSetHardwareAddr(link, hardware); err != nil {
			return err
		}
		ip, err := netlink.ParseAddr(address)
		if err != nil {
			return err
		}
		if err := netlink.AddrAdd(link, ip); err != nil {
			return err
		}
		return netlink.LinkSetUp(link)
	})
}
