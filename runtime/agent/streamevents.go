package agent

import (
	"encoding/json"
	"net/http"
	"time"
)

// streamPatience is how long a reader may take for one line.
const streamPatience = 10 * time.Second

// streamEvents answers GET /v1/events, one JSON value a line.
func (a *agent) streamEvents(w http.ResponseWriter, r *http.Request) {
	past, events := a.hub.subscribe()
	defer a.hub.unsubscribe(events)
	w.Header().Set("Content-Type", "application/x-ndjson")
	send, err := eventWriter(w)
	if err != nil {
		fail(w, err)
		return
	}
	for _, event := range past {
		if send(event) != nil {
			return
		}
	}
	if r.URL.Query().Get("follow") == "false" {
		return
	}
	a.drops.begin(a)
	defer a.drops.end()
	for {
		select {
		case event, ok := <-events:
			if !ok {
				event = Event{Time: time.Now(), Kind: EventLost}
			}
			if send(event) != nil || !ok {
				return
			}
		case <-r.Context().Done():
			return
		case <-a.stopping:
			return
		}
	}
}

// eventWriter returns a function that sends an event at once.
func eventWriter(w http.ResponseWriter) (send func(Event) error, err error) {
	live, err := newLiveWriter(w)
	encoder := json.NewEncoder(live)
	return func(event Event) error { return encoder.Encode(event) }, err
}

// liveWriter sends what is written at once, and gives up on a reader who does not take it. The stream may
// last, so the server's deadline for the request is lifted.
type liveWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController

	patience time.Duration // how long the reader may take; 0: as long as it likes
}

func newLiveWriter(w http.ResponseWriter) (*liveWriter, error) {
	l := &liveWriter{w: w, control: http.NewResponseController(w), patience: streamPatience}
	return l, l.control.SetReadDeadline(time.Time{})
}

func (l *liveWriter) Write(p []byte) (int, error) {
	var deadline time.Time
	if l.patience > 0 {
		deadline = time.Now().Add(l.patience)
	}
	if err := l.control.SetWriteDeadline(deadline); err != nil {
		return 0, err
	}
	n, err := l.w.Write(p)
	if err != nil {
		return n, err
	}
	return n, l.control.Flush()
}
