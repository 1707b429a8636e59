package agent

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sys/unix"
)

// watchedFiles are the files in a node's state folder that are replaced when
// something about it changes: init's word on its state, and that a container is
// released.
var watchedFiles = []string{"status", "released"}

// statusWatch tells when nodes' status files change. It is safe for concurrent
// use.
type statusWatch struct {
	fd      int
	watch   *watch
	changed func(node string)

	mu    sync.Mutex
	nodes map[int32]string // by inotify's watch descriptor
}

// newStatusWatch has changed called from the poller's goroutine.
func newStatusWatch(p *poller, changed func(node string)) (*statusWatch, error) {
	fd, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("inotify: %w", err)
	}
	s := &statusWatch{fd: fd, changed: changed, nodes: make(map[int32]string)}
	if s.watch, err = p.add(fd, s.read); err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	return s, nil
}

// add watches a node whose state folder is dir.
func (s *statusWatch) add(node, dir string) (id int32, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	wd, err := unix.InotifyAddWatch(s.fd, dir, unix.IN_MOVED_TO|unix.IN_ONLYDIR)
	if err != nil {
		return 0, fmt.Errorf("watch %s: %w", dir, err)
	}
	s.nodes[int32(wd)] = node
	return int32(wd), nil
}

// remove ends the watch that add returned.
func (s *statusWatch) remove(id int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.nodes[id]; ok {
		delete(s.nodes, id)
		_, _ = unix.InotifyRmWatch(s.fd, uint32(id)) // fails when the folder is gone, and the watch with it
	}
}

func (s *statusWatch) read() {
	buf := make([]byte, 4096)
	n, err := unix.Read(s.fd, buf)
	if err != nil {
		return // nothing there any more
	}
	for _, node := range s.parse(buf[:n]) {
		s.changed(node)
	}
}

// parse returns the nodes whose status changed, each once. After an overflow
// it returns all.
func (s *statusWatch) parse(buf []byte) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := make(map[string]bool)
	for len(buf) >= unix.SizeofInotifyEvent {
		id := int32(binary.NativeEndian.Uint32(buf))
		mask := binary.NativeEndian.Uint32(buf[4:])
		end := unix.SizeofInotifyEvent + int(binary.NativeEndian.Uint32(buf[12:]))
		if end > len(buf) {
			break
		}
		name := buf[unix.SizeofInotifyEvent:end]
		buf = buf[end:]
		switch node, known := s.nodes[id]; {
		case mask&unix.IN_Q_OVERFLOW != 0:
			for _, node := range s.nodes {
				seen[node] = true
			}
		case mask&unix.IN_IGNORED != 0:
			delete(s.nodes, id)
		case known && slices.Contains(watchedFiles, string(bytes.TrimRight(name, "\x00"))):
			seen[node] = true
		}
	}
	nodes := make([]string, 0, len(seen))
	for node := range seen {
		nodes = append(nodes, node)
	}
	return nodes
}

func (s *statusWatch) close() {
	s.watch.stop()
	_ = unix.Close(s.fd)
}
