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

// eventWriter returns a function that sends an event at once. The stream may
// last, so the server's deadline for the request is lifted.
func eventWriter(w http.ResponseWriter) (send func(Event) error, err error) {
	control := http.NewResponseController(w)
	if err := control.SetReadDeadline(time.Time{}); err != nil {
		return nil, err
	}
	encoder := json.NewEncoder(w)
	return func(event Event) error {
		if err := control.SetWriteDeadline(time.Now().Add(streamPatience)); err != nil {
			return err
		}
		if err := encoder.Encode(event); err != nil {
			return err
		}
		return control.Flush()
	}, nil
}
