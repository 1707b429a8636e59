package link

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Quiet keeps IPv6 off all devices that are made in the namespace from now
// on. The ends of pairs there belong to a switch, and must not speak of their
// own accord.
func (n *Namespace) Quiet() error {
	return within(n.file, func() error { return writeSetting("net/ipv6/conf/default/disable_ipv6", "1") })
}

// writeSetting writes a kernel setting of the calling thread's namespaces. In a
// container /proc/sys is read-only, whatever the container may do.
func writeSetting(name, value string) error {
	err := os.WriteFile("/proc/sys/"+name, []byte(value), 0)
	if !errors.Is(err, unix.EROFS) {
		return err
	}
	proc, perr := openProc()
	if perr != nil {
		return errors.Join(err, perr)
	}
	defer unix.Close(proc)
	fd, err := unix.Openat(proc, "sys/"+name, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("setting %s: %w", name, err)
	}
	defer unix.Close(fd)
	_, err = unix.Write(fd, []byte(value))
	return os.NewSyscallError("setting "+name, err)
}

// openProc opens a /proc of the caller's own, which nobody else sees.
func openProc() (fd int, err error) {
	fs, err := unix.Fsopen("proc", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return -1, os.NewSyscallError("open /proc", err)
	}
	defer unix.Close(fs)
	if err := unix.FsconfigCreate(fs); err != nil {
		return -1, os.NewSyscallError("open /proc", err)
	}
	fd, err = unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, 0)
	return fd, os.NewSyscallError("open /proc", err)
}
