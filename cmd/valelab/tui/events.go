package tui

import (
	"slices"
	"strings"

	"github.com/valelab/valelab/runtime/agent"
)

func (m *Model) initEvents() {
	m.events = table[agent.Event]{
		list:   list{sort: -1, tail: true},
		key:    func(e *agent.Event) string { return e.Time.String() },
		search: func(e *agent.Event) string { return e.Kind + " " + eventObject(e) + " " + e.State + " " + e.Message },
		columns: []column[agent.Event]{
			{title: "TIME", width: 8, prio: 1, cell: func(e *agent.Event) cell { return cell{clock(e.Time), m.theme.dim} }},
			{title: "KIND", width: 6, prio: 2, cell: func(e *agent.Event) cell { return plain(e.Kind) },
				compare: func(a, b *agent.Event) int { return strings.Compare(a.Kind, b.Kind) }},
			{title: "WHAT", width: 12, grow: 14, cell: func(e *agent.Event) cell { return plain(eventObject(e)) },
				compare: func(a, b *agent.Event) int { return strings.Compare(eventObject(a), eventObject(b)) }},
			{title: "STATE", width: 9, cell: func(e *agent.Event) cell { return m.eventState(e) }},
			{title: "MESSAGE", width: 16, grow: 200, prio: 3, cell: func(e *agent.Event) cell { return plain(e.Message) }},
		},
	}
}

// eventObject is what an event is about.
func eventObject(e *agent.Event) string {
	switch {
	case e.Interface != "":
		return e.Node + ":" + e.Interface
	case e.Node != "":
		return e.Node
	}
	return e.Switch
}

func (m *Model) eventState(e *agent.Event) cell {
	switch {
	case e.Kind == agent.EventDetach:
		return cell{"detached", m.theme.bad}
	case e.Kind == agent.EventDrops && e.State == "started", e.Kind == agent.EventLost,
		e.Kind == agent.EventKeeper, e.State == "gone", e.State == "failed":
		return cell{e.State, m.theme.bad}
	case e.State == "restarted", e.State == "backoff", e.State == "exited":
		return cell{e.State, m.theme.warn}
	case e.State == "netmap":
		return cell{e.State, m.theme.accent}
	}
	return plain(e.State)
}

// addEvent adds one that is new: an agent that was asked again begins with what it has told.
func (m *Model) addEvent(e agent.Event) {
	old := m.events.items
	if n := len(old); n > 0 && !e.Time.After(old[n-1].Time) {
		return
	}
	if len(old) == maxEvents {
		old = slices.Delete(old, 0, 1)
	}
	m.events.set(append(old, e))
}
