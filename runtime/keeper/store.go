package keeper

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// The files that a keeper's agent finds open.
const (
	StoreFD   = 3 // for Connect
	MachineFD = 4 // the machine's network namespace
)

// Entry is what a keeper holds under a key. The receiver owns the files: raw
// descriptors, because a file of package os would hand those that do not block
// to the runtime's poller.
type Entry struct {
	Key     string
	Payload []byte
	FDs     []int
}

// History tells an agent of those before it.
type History struct {
	Restarts int                // agents that the keeper had to replace
	Status   syscall.WaitStatus // how the last one ended; only after a restart
}

// Store is the agent's end of its keeper. It is safe for concurrent use; each
// method returns when the keeper has done what it asks, so that an agent that
// dies afterwards has a next one that knows.
type Store struct {
	history History
	lost    chan struct{} // closed when the keeper is gone

	mu      sync.Mutex // one request at a time
	conn    *net.UnixConn
	replies chan syscall.Errno
}

// Connect takes over the socket that the keeper left open as fd and returns
// the store with all of its entries, in the order in which their keys were
// first put. The entries' files are the caller's.
func Connect(fd int) (*Store, []Entry, error) {
	file := os.NewFile(uintptr(fd), "keeper")
	defer file.Close()
	conn, err := net.FileConn(file)
	if err != nil {
		return nil, nil, fmt.Errorf("keeper: %w", err)
	}
	unixConn, ok := conn.(*net.UnixConn)
	if !ok {
		conn.Close()
		return nil, nil, fmt.Errorf("keeper: file %d is no Unix socket", fd)
	}
	s := &Store{conn: unixConn, lost: make(chan struct{}), replies: make(chan syscall.Errno, 1)}
	entries, err := s.list()
	if err != nil {
		closeEntries(entries)
		conn.Close()
		return nil, nil, fmt.Errorf("keeper: %w", err)
	}
	go s.read()
	return s, entries, nil
}

// History returns what the keeper said at Connect.
func (s *Store) History() History { return s.history }

// Lost is closed when the keeper is gone.
func (s *Store) Lost() <-chan struct{} { return s.lost }

// Put stores a payload and files under a key, in the place of what was there.
// The keeper gets duplicates; the files stay the caller's.
func (s *Store) Put(key string, payload []byte, fds ...int) error {
	if key == "" || len(key) > MaxKey || len(payload) > MaxPayload || len(fds) > MaxFiles {
		return fmt.Errorf("%s: %w", key, ErrTooBig)
	}
	return s.ask(&message{op: opPut, key: key, payload: payload, files: uint32(len(fds))}, fds)
}

// Delete removes an entry. One that is not there is no error. If the keeper's
// files are the last ones, Delete takes as long as closing them does.
func (s *Store) Delete(key string) error {
	if key == "" || len(key) > MaxKey {
		return fmt.Errorf("%s: %w", key, ErrTooBig)
	}
	return s.ask(&message{op: opDelete, key: key}, nil)
}

// Program makes the file the program that the next agents are, instead of the
// keeper's own. The keeper gets a duplicate.
func (s *Store) Program(file *os.File) error {
	return s.ask(&message{op: opProgram, files: 1}, []int{int(file.Fd())})
}

// Shutdown asks the keeper to end, which ends the calling process too. It
// returns when the request is sent.
func (s *Store) Shutdown() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.send(&message{op: opShutdown}, nil)
}

func (s *Store) ask(m *message, fds []int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.send(m, fds); err != nil {
		return fmt.Errorf("%s: %w", m.key, err)
	}
	select {
	case errno := <-s.replies:
		if errno != 0 {
			return fmt.Errorf("%s: keep: %w", m.key, errno)
		}
		return nil
	case <-s.lost:
		return fmt.Errorf("%s: %w", m.key, ErrLost)
	}
}

func (s *Store) send(m *message, fds []int) error {
	var rights []byte
	if len(fds) > 0 {
		rights = unix.UnixRights(fds...)
	}
	if _, _, err := s.conn.WriteMsgUnix(m.encode(), rights, nil); err != nil {
		if errors.Is(err, unix.EPIPE) || errors.Is(err, unix.ECONNRESET) {
			return ErrLost
		}
		return err
	}
	return nil
}

// read hands on the keeper's replies until there are no more.
func (s *Store) read() {
	defer s.conn.Close()
	defer close(s.lost)
	buf := make([]byte, headerSize+1)
	for {
		n, err := s.conn.Read(buf)
		if err != nil {
			return
		}
		m, err := decode(buf[:n], 0)
		if err != nil || m.op != opReply {
			return
		}
		s.replies <- syscall.Errno(m.err)
	}
}
