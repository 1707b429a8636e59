package agent

import "github.com/valelab/valelab/netmap/vale"

// portDetached is called by the engine when a program has broken the rules and
// its port has lost all of its opens.
func (a *agent) portDetached(event vale.Event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	e := a.endpoints[event.Port]
	if e == nil || e.on.name != event.Switch {
		return // taken away meanwhile
	}
	a.hub.publish(Event{
		Kind: EventDetach, Node: e.Node, Interface: e.Interface, Switch: event.Switch, Message: event.String(),
	})
	for p := range e.programs {
		a.endProgram(p)
	}
	e.fault = event.Reason
}

// publishMode tells the streams when an endpoint has changed its mode.
func (a *agent) publishMode(e *endpoint, before string) {
	if mode := e.mode(); mode != before {
		a.hub.publish(Event{
			Kind: EventPort, Node: e.Node, Interface: e.Interface, Switch: e.Spec.Switch, State: mode,
		})
	}
}
