package standalone

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"slices"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/serve"
	"github.com/valelab/valelab/netmap/vale"
)

// Config is what Start needs.
type Config struct {
	Socket   string     // path to listen at; the folder exists
	Switches [][]string // the ports of each switch, by the names that programs open
	Geometry serve.Geometry
}

// Server is a number of switches that run and serve programs.
type Server struct {
	geometry serve.Geometry
	engine   *vale.Engine
	space    *serve.Space
	ports    map[string]*vale.Port
	stacks   []int          // sockets in place of the ports' devices
	kernels  map[string]int // their other ends, by port
	listener *net.UnixListener
	programs sync.WaitGroup

	mu     sync.Mutex
	conns  map[*net.UnixConn]*program
	opens  int // of all programs
	closed bool
	failed []error // of programs
}

// Start makes switches that serve programs until Close.
func Start(c Config) (*Server, error) {
	s := &Server{
		geometry: c.Geometry, engine: vale.New(vale.Config{}),
		ports: make(map[string]*vale.Port), kernels: make(map[string]int),
		conns: make(map[*net.UnixConn]*program),
	}
	s.space = serve.NewSpace(s.engine, "standalone", s)
	err := s.addPorts(c)
	if err == nil {
		s.listener, err = net.ListenUnix("unixpacket", &net.UnixAddr{Name: c.Socket, Net: "unixpacket"})
	}
	if err != nil {
		return nil, errors.Join(err, s.release())
	}
	s.programs.Go(s.accept)
	return s, nil
}

func (s *Server) addPorts(c Config) error {
	for i, ports := range c.Switches {
		sw, err := s.engine.NewSwitch(fmt.Sprintf("standalone%d", i), false, nil)
		if err != nil {
			return err
		}
		for _, name := range ports {
			stack, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				return fmt.Errorf("socket pair: %w", err)
			}
			s.stacks = append(s.stacks, stack[:]...)
			s.kernels[name] = stack[1]
			if s.ports[name], err = sw.AttachSocket(name, -1, stack[0], 1500); err != nil {
				return err
			}
		}
	}
	return nil
}

// Stack is what stands in for the kernel's stack behind a port: a socket on which each message is a frame with a
// virtio-net header of 10 bytes before it. The file is the caller's.
func (s *Server) Stack(port string) (*os.File, error) {
	fd, err := unix.FcntlInt(uintptr(s.kernels[port]), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("stack of %s: %w", port, err)
	}
	return os.NewFile(uintptr(fd), "stack-"+port), nil
}

// Close takes the ports away from all programs and ends the switches. The error
// tells of programs that broke the protocol, too.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	for conn := range s.conns {
		// Reads end; the switch's side closes it.
		s.failed = append(s.failed, conn.CloseRead())
	}
	s.mu.Unlock()
	err := s.listener.Close()
	s.programs.Wait()
	return errors.Join(errors.Join(s.failed...), err, s.release())
}

// Opens is the number of opens at this moment.
func (s *Server) Opens() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opens
}

// Endpoint, Switch, Admit, Keep and Forget make the server a serve.Host that keeps nothing.
func (s *Server) Endpoint(name string) *serve.Endpoint {
	if port := s.ports[name]; port != nil {
		return &serve.Endpoint{Port: port, Geometry: s.geometry}
	}
	return nil
}

func (s *Server) Endpoints() []string                     { return slices.Sorted(maps.Keys(s.ports)) }
func (s *Server) Switch(string) *vale.Switch              { return nil }
func (s *Server) ModuleSwitch(string) string              { return "" }
func (s *Server) ModulePorts() []string                   { return nil }
func (s *Server) Admit() error                            { return nil }
func (s *Server) Keep(_, _ string, _ any, _ ...int) error { return nil }
func (s *Server) Forget(_, _ string) error                { return nil }

// release ends the engine and closes the sockets.
func (s *Server) release() error {
	err := s.engine.Close()
	for _, fd := range s.stacks {
		unix.Close(fd)
	}
	return err
}

// accept serves programs until the listener is closed.
func (s *Server) accept() {
	for {
		conn, err := s.listener.AcceptUnix()
		if err != nil {
			return
		}
		raw, err := conn.SyscallConn()
		s.mu.Lock()
		if s.closed || err != nil {
			conn.Close()
		} else {
			p := &program{raw: raw}
			s.conns[conn] = p
			s.programs.Go(func() { s.serve(conn, p) })
		}
		s.mu.Unlock()
	}
}

// program is the other end of a connection.
type program struct {
	raw  syscall.RawConn
	open *serve.Conn // under the server's lock; nil: it has asked for nothing
}

// serve answers a program until one of the two ends it.
func (s *Server) serve(conn *net.UnixConn, p *program) {
	var wrong error
	for wrong == nil {
		err := p.raw.Read(func(fd uintptr) bool {
			wrong = s.serveNext(p, int(fd))
			return !errors.Is(wrong, serve.ErrNothing)
		})
		wrong = errors.Join(err, wrong)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end(p)
	delete(s.conns, conn)
	if !errors.Is(wrong, io.EOF) {
		s.failed = append(s.failed, wrong)
	}
	conn.Close()
}

// serveNext answers a request. What programs have closed before it was made is
// closed before it is answered: close and ask is an order that they rely on.
func (s *Server) serveNext(p *program, fd int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, other := range s.conns {
		if other != p && other.gone() {
			s.end(other)
		}
	}
	if p.open == nil {
		p.open = s.space.NewConn(fd)
	}
	before := p.open.Opened()
	err := p.open.Serve()
	if !before && p.open.Opened() {
		s.opens++
	}
	return err
}

// gone says whether a program has closed its end, with nothing left to answer.
func (p *program) gone() (gone bool) {
	err := p.raw.Control(func(fd uintptr) {
		var b [1]byte
		n, _, err := unix.Recvfrom(int(fd), b[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		gone = n == 0 && err == nil || errors.Is(err, unix.ECONNRESET)
	})
	return gone || err != nil
}

// end gives back what a program has open.
func (s *Server) end(p *program) {
	if p.open != nil && p.open.Opened() {
		s.failed = append(s.failed, p.open.Close())
		s.opens--
	}
}
