// Command raw is a netmap program in Go, which has no C library: it opens the ports a and b, one by the file and one
// by the bare system call, and sends from one to the other by syncs, polls and epoll.
package main

import (
	"fmt"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	var st unix.Stat_t
	if err := unix.Stat("/dev/netmap", &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFCHR {
		return fmt.Errorf("stat: mode %o, %v", st.Mode, err)
	}
	file, err := os.OpenFile("/dev/netmap", os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	a, err := register(int(file.Fd()), "a")
	if err != nil {
		return fmt.Errorf("a: %w", err)
	}
	fd, err := unix.Open("/dev/netmap", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	b, err := register(fd, "b")
	if err != nil {
		return fmt.Errorf("b: %w", err)
	}
	for name, wait := range map[string]func() error{"sync": b.sync, "poll": b.poll, "epoll": b.epoll} {
		if err := exchange(a, b, wait); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// exchange sends a frame, now or while b waits.
func exchange(a, b *port, wait func() error) error {
	sent := make(chan error, 1)
	a.fill()
	go func() {
		time.Sleep(10 * time.Millisecond)
		sent <- a.ioctl(abi.NIOCTXSYNC, nil)
	}()
	for b.rx.Head == b.rx.Tail {
		if err := wait(); err != nil {
			return err
		}
	}
	s := b.slot(b.rx, b.rx.Head)
	if got := b.frame(b.rx, s); s.Len != 60 || got[0] != 0xff || got[59] != 59 {
		return fmt.Errorf("%d bytes: %x", s.Len, got)
	}
	b.rx.Head = (b.rx.Head + 1) % b.rx.NumSlots
	b.rx.Cur = b.rx.Head
	return <-sent
}

// port is an open port and its first rings.
type port struct {
	fd     int
	tx, rx *abi.Ring
}

func (p *port) ioctl(request uintptr, arg unsafe.Pointer) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(p.fd), request, uintptr(arg)); errno != 0 {
		return errno
	}
	return nil
}

func register(fd int, name string) (*port, error) {
	p := &port{fd: fd}
	reg := &abi.ReqRegister{Mode: abi.NR_REG_ALL_NIC}
	header := &abi.ReqHeader{Version: abi.NETMAP_API, ReqType: abi.NETMAP_REQ_REGISTER, Body: uint64(uintptr(unsafe.Pointer(reg)))}
	copy(header.Name[:], name)
	if err := p.ioctl(abi.NIOCCTRL, unsafe.Pointer(header)); err != nil {
		return nil, fmt.Errorf("register: %w", err)
	}
	mem, err := unix.Mmap(fd, 0, int(reg.Memsize), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("mmap: %w", err)
	}
	base := unsafe.Pointer(&mem[reg.Offset])
	nif := (*abi.If)(base)
	ring := func(i uint32) *abi.Ring {
		return (*abi.Ring)(unsafe.Add(base, *(*int64)(unsafe.Add(base, unsafe.Sizeof(*nif)+uintptr(i)*8))))
	}
	p.tx, p.rx = ring(0), ring(nif.TxRings+nif.HostTxRings)
	return p, nil
}

func (p *port) slot(r *abi.Ring, i uint32) *abi.Slot {
	return (*abi.Slot)(unsafe.Add(unsafe.Pointer(r), unsafe.Sizeof(*r)+uintptr(i)*unsafe.Sizeof(abi.Slot{})))
}

func (p *port) frame(r *abi.Ring, s *abi.Slot) []byte {
	return unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(r), r.BufOfs+int64(s.BufIdx)*int64(r.BufSize))), s.Len)
}

// fill puts a broadcast frame into the ring.
func (p *port) fill() {
	s := p.slot(p.tx, p.tx.Head)
	s.Len = 60
	for i, b := 0, p.frame(p.tx, s); i < 60; i++ {
		b[i] = byte(i)
		if i < 6 {
			b[i] = 0xff
		}
	}
	p.tx.Head = (p.tx.Head + 1) % p.tx.NumSlots
	p.tx.Cur = p.tx.Head
}

func (p *port) sync() error {
	time.Sleep(time.Millisecond)
	return p.ioctl(abi.NIOCRXSYNC, nil)
}

func (p *port) poll() error {
	fds := []unix.PollFd{{Fd: int32(p.fd), Events: unix.POLLIN}}
	if n, err := unix.Poll(fds, -1); err != nil || n != 1 || fds[0].Revents != unix.POLLIN {
		if err == unix.EINTR { // the runtime's own signals
			return nil
		}
		return fmt.Errorf("%d, %v, revents %#x", n, err, fds[0].Revents)
	}
	return nil
}

func (p *port) epoll() error {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return err
	}
	defer unix.Close(ep)
	if err := unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, p.fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: 77}); err != nil {
		return err
	}
	events := make([]unix.EpollEvent, 4)
	if n, err := unix.EpollWait(ep, events, -1); err != nil || n != 1 || events[0].Events != unix.EPOLLIN || events[0].Fd != 77 {
		if err == unix.EINTR {
			return nil
		}
		return fmt.Errorf("%d, %v, %+v", n, err, events[0])
	}
	return nil
}
