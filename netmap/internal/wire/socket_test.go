package wire

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// server answers one connection with answer, on a path that does not fit a sockaddr_un.
func server(t *testing.T, answer func(*net.UnixConn)) (path string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), strings.Repeat("d", 100))
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	d, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	short := fmt.Sprintf("/proc/self/fd/%d/sock", d.Fd())
	l, err := net.ListenUnix("unixpacket", &net.UnixAddr{Name: short, Net: "unixpacket"})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-done })
	go func() {
		defer close(done)
		c, err := l.AcceptUnix()
		if err != nil {
			return
		}
		defer c.Close()
		answer(c)
	}()
	return filepath.Join(dir, "sock")
}

func TestCall(t *testing.T) {
	_, replies := samples(t)
	path := server(t, func(c *net.UnixConn) {
		q, err := ReadRequest(c)
		if err != nil || q.Name() != "eth1" || q.Header.ReqType != abi.NETMAP_REQ_PORT_INFO_GET {
			t.Errorf("first request %+v, %v", q, err)
		}
		r := NewReply(q)
		r.Body.(*abi.ReqPortInfo).TxSlots = 9
		if err := WriteReply(c, r); err != nil {
			t.Error(err)
		}
		if q, err = ReadRequest(c); err != nil {
			t.Error(err)
		}
		r = NewReply(q)
		r.Grant = replies["granted"].Grant
		pr, pw, err := os.Pipe()
		if err != nil {
			t.Error(err)
			return
		}
		defer pr.Close()
		defer pw.Close()
		if err := WriteReply(c, r, pr, pw, pw); err != nil {
			t.Error(err)
		}
		if _, err := ReadRequest(c); err != io.EOF {
			t.Errorf("after the program closed: %v", err)
		}
	})
	fd, err := Dial(path)
	if err != nil {
		t.Fatal(err)
	}
	r, fds, err := Call(fd, request(t, abi.NETMAP_REQ_PORT_INFO_GET, "eth1"))
	if err != nil || len(fds) != 0 || r.Body.(*abi.ReqPortInfo).TxSlots != 9 {
		t.Errorf("port info: %+v, %v, %v", r, fds, err)
	}
	r, fds, err = Call(fd, request(t, abi.NETMAP_REQ_REGISTER, "eth1"))
	if err != nil || len(fds) != GrantFiles || *r.Grant != *replies["granted"].Grant {
		t.Fatalf("register: %+v, %v, %v", r, fds, err)
	}
	for _, fd := range fds {
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
			t.Errorf("descriptor %d outlives exec: %#x, %v", fd, flags, err)
		}
	}
	closeAll(append(fds, fd))
}

// A switch that answers nonsense, or not at all, is an error, and no descriptor stays behind.
func TestCallBadReplies(t *testing.T) {
	_, replies := samples(t)
	for name, answer := range map[string]func(c *net.UnixConn){
		"gone":          func(c *net.UnixConn) {},
		"short":         func(c *net.UnixConn) { c.Write([]byte("what")) },
		"no files":      func(c *net.UnixConn) { WriteReply(c, replies["granted"]) },
		"two files":     func(c *net.UnixConn) { WriteReply(c, replies["granted"], os.Stdin, os.Stdin) },
		"four files":    func(c *net.UnixConn) { WriteReply(c, replies["granted"], os.Stdin, os.Stdin, os.Stdin, os.Stdin) },
		"refusal files": func(c *net.UnixConn) { WriteReply(c, replies["refused"], os.Stdin) },
		"another type":  func(c *net.UnixConn) { WriteReply(c, replies["described"]) },
	} {
		t.Run(name, func(t *testing.T) {
			path := server(t, func(c *net.UnixConn) {
				if _, err := ReadRequest(c); err != nil {
					t.Error(err)
				}
				answer(c)
			})
			fd, err := Dial(path)
			if err != nil {
				t.Fatal(err)
			}
			defer unix.Close(fd)
			if r, fds, err := Call(fd, request(t, abi.NETMAP_REQ_REGISTER, "eth1")); err == nil || fds != nil {
				t.Errorf("got %+v, %v, %v", r, fds, err)
			}
		})
	}
}

func TestDialNobody(t *testing.T) {
	if _, err := Dial(filepath.Join(t.TempDir(), "sock")); !errors.Is(err, unix.ENOENT) {
		t.Errorf("no socket: %v", err)
	}
}
