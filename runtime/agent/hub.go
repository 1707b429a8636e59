package agent

import (
	"sync"
	"time"
)

// The bounds of the event streams.
const (
	keptEvents  = 256 // that a new stream begins with
	queueEvents = 256 // that a slow reader may be behind
)

// hub hands events to the streams. It is safe for concurrent use.
type hub struct {
	mu      sync.Mutex
	kept    []Event
	streams map[chan Event]struct{}
}

func newHub() *hub { return &hub{streams: make(map[chan Event]struct{})} }

// publish hands an event to every stream and never waits: a stream whose
// reader is too far behind is closed.
func (h *hub) publish(event Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	event.Time = time.Now()
	if len(h.kept) == keptEvents {
		h.kept = append(h.kept[:0], h.kept[1:]...)
	}
	h.kept = append(h.kept, event)
	for stream := range h.streams {
		select {
		case stream <- event:
		default:
			delete(h.streams, stream)
			close(stream)
		}
	}
}

// subscribe starts a stream and returns the events before it. The stream is
// closed when its reader was too slow.
func (h *hub) subscribe() (past []Event, stream chan Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	stream = make(chan Event, queueEvents)
	h.streams[stream] = struct{}{}
	return append([]Event(nil), h.kept...), stream
}

// unsubscribe ends a stream.
func (h *hub) unsubscribe(stream chan Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.streams, stream)
}
