package agent

import (
	"strconv"
	"testing"
)

func TestHubKeepsTheLastEvents(t *testing.T) {
	h := newHub()
	for i := range keptEvents + 10 {
		h.publish(Event{Node: strconv.Itoa(i)})
	}
	past, _ := h.subscribe()
	if len(past) != keptEvents || past[0].Node != "10" || past[keptEvents-1].Node != strconv.Itoa(keptEvents+9) {
		t.Errorf("%d events, from %s on", len(past), past[0].Node)
	}
}

func TestHubDropsSlowReaders(t *testing.T) {
	h := newHub()
	_, slow := h.subscribe()
	_, quick := h.subscribe()
	for i := range queueEvents + 1 {
		h.publish(Event{Node: strconv.Itoa(i)})
		if event, ok := <-quick; !ok || event.Node != strconv.Itoa(i) {
			t.Fatalf("event %d: %+v, %v", i, event, ok)
		}
	}
	n := 0
	for range slow { // it is closed
		n++
	}
	if n != queueEvents {
		t.Errorf("the slow reader got %d events, want %d", n, queueEvents)
	}
	h.unsubscribe(slow)
	h.unsubscribe(quick)
	h.publish(Event{})
	if len(quick) != 0 {
		t.Error("an event for a reader that has left")
	}
}
