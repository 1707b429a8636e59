package agent

import "net/http"

// publishSteps answers POST /v1/events.
func (a *agent) publishSteps(w http.ResponseWriter, r *http.Request) {
	var events []Event
	if err := readBody(w, r, &events); err != nil {
		fail(w, err)
		return
	}
	for _, e := range events {
		if e.Kind != EventStep {
			fail(w, invalid("event of kind %q: only %q comes from outside", e.Kind, EventStep))
			return
		}
	}
	for _, e := range events {
		a.hub.publish(e)
	}
	w.WriteHeader(http.StatusNoContent)
}
