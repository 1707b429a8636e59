package agent

import (
	"log/slog"
	"maps"
	"os"
	"slices"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/runtime/keeper"
)

// fakeStore is a keeper in memory.
type fakeStore struct {
	mu      sync.Mutex
	entries map[string]keeper.Entry
	lost    chan struct{}
}

func newFakeStore() *fakeStore {
	return &fakeStore{entries: make(map[string]keeper.Entry), lost: make(chan struct{})}
}

func (s *fakeStore) Put(key string, payload []byte, fds ...int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	entry := keeper.Entry{Key: key, Payload: slices.Clone(payload)}
	for _, fd := range fds {
		own, err := unix.Dup(fd)
		if err != nil {
			return err
		}
		entry.FDs = append(entry.FDs, own)
	}
	s.drop(key)
	s.entries[key] = entry
	return nil
}

func (s *fakeStore) Delete(key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(key)
	return nil
}

func (s *fakeStore) drop(key string) {
	for _, fd := range s.entries[key].FDs {
		closeFD(fd)
	}
	delete(s.entries, key)
}

func (s *fakeStore) close() {
	for key := range maps.Clone(s.entries) {
		s.drop(key)
	}
}

func (s *fakeStore) Program(*os.File) error  { return nil }
func (s *fakeStore) Shutdown() error         { return nil }
func (s *fakeStore) Lost() <-chan struct{}   { return s.lost }
func (s *fakeStore) History() keeper.History { return keeper.History{} }

// newTestAgent makes an agent in the test's process. Where namespaces can be
// made, its two are empty ones.
func newTestAgent(t testing.TB, store *fakeStore) *agent {
	t.Helper()
	a, err := newAgent(t.TempDir(), store, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		a.close()
		store.close()
	})
	for _, n := range []**netns{&a.lab, &a.machine} {
		empty, err := openNetns(emptyNamespace(t))
		if err != nil {
			t.Fatal(err)
		}
		(*n).close()
		*n = empty
	}
	return a
}

// emptyNamespace returns the file of a namespace without devices, or nil for
// the test's own where none can be made: there no packet socket can be opened
// either.
func emptyNamespace(t testing.TB) (file *os.File) {
	t.Helper()
	err := onThread(func() (err error) {
		if err = unix.Unshare(unix.CLONE_NEWNET); err == nil {
			file, err = os.Open("/proc/thread-self/ns/net")
		}
		return err
	})
	if err != nil && err != unix.EPERM {
		t.Fatal(err)
	}
	return file
}
