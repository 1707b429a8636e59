package standalone

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

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
	stacks   []int // sockets in place of the ports' devices
	listener *net.UnixListener
	programs sync.WaitGroup

	mu     sync.Mutex
	conns  map[*net.UnixConn]bool
	opens  int // of all programs
	closed bool
	failed []error // of programs
}

// Start makes switches that serve programs until Close.
func Start(c Config) (*Server, error) {
	s := &Server{
		geometry: c.Geometry, engine: vale.New(vale.Config{}),
		ports: make(map[string]*vale.Port),
		conns: make(map[*net.UnixConn]bool),
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
			if s.ports[name], err = sw.AttachSocket(name, -1, stack[0], 1500); err != nil {
				return err
			}
		}
	}
	return nil
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

func (s *Server) Switch(string) *vale.Switch              { return nil }
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
		s.mu.Lock()
		if s.closed {
			conn.Close()
		} else {
			s.conns[conn] = true
			s.programs.Go(func() { s.serve(conn) })
		}
		s.mu.Unlock()
	}
}

// serve answers a program until one of the two ends it.
func (s *Server) serve(conn *net.UnixConn) {
	err := s.converse(conn)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, conn)
	if err != nil && !errors.Is(err, io.EOF) {
		s.failed = append(s.failed, err)
	}
	conn.Close()
}

func (s *Server) converse(conn *net.UnixConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var open *serve.Conn
	serveNext := func(fd uintptr) (err error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if open == nil {
			open = s.space.NewConn(int(fd))
		}
		before := open.Opened()
		err = open.Serve()
		if !before && open.Opened() {
			s.opens++
		}
		return err
	}
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if open != nil && open.Opened() {
			s.failed = append(s.failed, open.Close())
			s.opens--
		}
	}()
	for {
		var wrong error
		err := raw.Read(func(fd uintptr) bool {
			wrong = serveNext(fd)
			return !errors.Is(wrong, serve.ErrNothing)
		})
		if err := errors.Join(err, wrong); err != nil {
			return err
		}
	}
}
