package doctor

import (
	"bytes"
	"net"
	"os"
	"runtime"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/module"
	"github.com/valelab/valelab/netmap/preload"
	"github.com/valelab/valelab/runtime/docker"
	"github.com/valelab/valelab/runtime/link"
)

// Local looks at this machine.
func Local(engine *docker.Engine) *Probes {
	return &Probes{
		Root:         os.DirFS("/"),
		Release:      release(),
		User:         os.Geteuid(),
		Namespaces:   func() error { return inNamespaces(func() error { return nil }) },
		Veth:         func() error { return inNamespaces(makeVeth) },
		PacketSocket: openPacketSocket,
		MemoryFile:   makeMemoryFile,
		Filter:       link.CanFilter,
		Notification: notificationAvailable,
		Library: func() error {
			_, err := preload.Library()
			return err
		},
		Netmap: func() (int, error) { return module.Answer(module.Device) },
		Dial: func(socket string) error {
			c, err := net.DialTimeout("unix", socket, time.Second)
			if err == nil {
				err = c.Close()
			}
			return err
		},
		Engine:  engine.Version,
		Plugins: engine.Plugins,
	}
}

func release() string {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return ""
	}
	text, _, _ := bytes.Cut(name.Release[:], []byte{0})
	return string(text)
}

// inNamespaces calls f in namespaces as a process node has them. They end with the thread.
func inNamespaces(f func() error) error {
	result := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked
		err := unix.Unshare(unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC)
		if err == nil {
			err = f()
		}
		result <- err
	}()
	return <-result
}

func makeVeth() error {
	return netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "vl0"}, PeerName: "vl1"})
}

func openPacketSocket() error {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("packet socket", err)
	}
	return unix.Close(fd)
}

// makeMemoryFile makes one as the ports of the user-space switch are.
func makeMemoryFile() error {
	fd, err := unix.MemfdCreate("valelab-doctor", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return os.NewSyscallError("memfd_create", err)
	}
	defer unix.Close(fd)
	_, err = unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_SEAL)
	return os.NewSyscallError("seal a memory file", err)
}
