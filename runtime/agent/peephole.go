package agent

import "github.com/valelab/valelab/netmap/kernel"

// peephole shows where the rings of a program's port on netmap's module stand, to whoever asks for counters. The
// zero value is shut. Its methods are called with the agent's lock.
type peephole struct {
	window *kernel.Window
	seen   []kernel.Position
}

// look looks at the rings of a port that is open; what is returned is good until the next look.
func (h *peephole) look(port string) ([]kernel.Position, error) {
	if h.window != nil && !h.window.Still() {
		h.shut()
	}
	if h.window == nil {
		window, err := kernel.OpenWindow(port)
		if err != nil {
			return nil, err
		}
		h.window = window
	}
	h.seen = h.window.Positions(h.seen[:0])
	return h.seen, nil
}

// shut gives the port's memory back, which a look would keep there.
func (h *peephole) shut() {
	if h.window != nil {
		_ = h.window.Close() // of a descriptor that is ours alone
		h.window = nil
	}
}
