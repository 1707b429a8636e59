package runtime

import (
	"slices"
	"sync"
)

// notes collects remarks for the user, each once.
type notes struct {
	mu   sync.Mutex
	seen map[string]bool
}

func (n *notes) add(note string) {
	if note == "" {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.seen == nil {
		n.seen = make(map[string]bool)
	}
	n.seen[note] = true
}

// list returns the remarks, sorted.
func (n *notes) list() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	var all []string
	for note := range n.seen {
		all = append(all, note)
	}
	slices.Sort(all)
	return all
}
