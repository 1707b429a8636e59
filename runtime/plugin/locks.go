package plugin

import (
	"context"
	"errors"
	"sync"
)

// locks is a lock for each name. The zero value is ready.
type locks struct {
	mu   sync.Mutex
	held map[string]*turn
}

// turn is a lock that somebody holds or waits for.
type turn struct {
	free  chan struct{} // holds a value when nobody has it
	users int
}

// errBusy says that another request did not end in time.
var errBusy = errors.New("another request about it is under way")

// lock waits for its turn, at most until ctx ends. unlock is called once.
func (l *locks) lock(ctx context.Context, name string) (unlock func(), err error) {
	l.mu.Lock()
	if l.held == nil {
		l.held = make(map[string]*turn)
	}
	t := l.held[name]
	if t == nil {
		t = &turn{free: make(chan struct{}, 1)}
		t.free <- struct{}{}
		l.held[name] = t
	}
	t.users++
	l.mu.Unlock()
	select {
	case <-t.free:
		return func() {
			t.free <- struct{}{}
			l.leave(name, t)
		}, nil
	case <-ctx.Done():
		l.leave(name, t)
		return nil, errBusy
	}
}

func (l *locks) leave(name string, t *turn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t.users--; t.users == 0 {
		delete(l.held, name)
	}
}
