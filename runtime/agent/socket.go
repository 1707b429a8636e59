package agent

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// socketName is the agent's socket in the lab's state folder.
const socketName = "agent.sock"

// maxBody bounds the body of a request and of a reply that reports a fault.
const maxBody = 64 << 10

// backlog is how many connections may wait while no agent runs.
const backlog = 128

// openFolder opens a folder so that sockets in it are reached through
// /proc/self/fd: the address of a Unix socket holds 107 bytes, a path more.
func openFolder(path string) (*os.File, error) {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(fd), path), nil
}

// openFolderAt opens a folder below another, which must not be a link.
func openFolderAt(folder *os.File, path string) (*os.File, error) {
	fd, err := unix.Openat(int(folder.Fd()), path, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: filepath.Join(folder.Name(), path), Err: err}
	}
	return os.NewFile(uintptr(fd), filepath.Join(folder.Name(), path)), nil
}

// socketPath is the short path of a socket in an open folder.
func socketPath(folder *os.File, name string) string {
	return fmt.Sprintf("/proc/self/fd/%d/%s", folder.Fd(), name)
}

// listen makes a Unix socket in a folder, in the place of one that is left
// there, and listens without blocking. The mode is set before the socket has a
// name, cut by the umask: who can write the folder can't turn it on another
// file.
func listen(folder *os.File, name string, kind int, mode uint32) (fd int, err error) {
	fail := func(op string, err error) (int, error) {
		closeFD(fd)
		return -1, &os.PathError{Op: op, Path: filepath.Join(folder.Name(), name), Err: err}
	}
	if fd, err = unix.Socket(unix.AF_UNIX, kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0); err != nil {
		return fail("socket", err)
	}
	if err := unix.Fchmod(fd, mode); err != nil {
		return fail("chmod", err)
	}
	if err := unix.Unlinkat(int(folder.Fd()), name, 0); err != nil && err != unix.ENOENT {
		return fail("remove", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: socketPath(folder, name)}); err != nil {
		return fail("bind", err)
	}
	if err := unix.Listen(fd, backlog); err != nil {
		return fail("listen", err)
	}
	return fd, nil
}

// dialSocket connects to the agent of a lab.
func dialSocket(ctx context.Context, labDir string) (net.Conn, error) {
	folder, err := openFolder(filepath.Clean(labDir))
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	var dialer net.Dialer
	return dialer.DialContext(ctx, "unix", socketPath(folder, socketName))
}
