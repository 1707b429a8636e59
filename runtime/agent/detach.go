package agent

import "github.com/valelab/valelab/netmap/vale"

// portDetached is called by the engine when a program has broken the rules and
// its port has lost all of its opens.
func (a *agent) portDetached(event vale.Event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	detached := Event{Kind: EventDetach, Switch: event.Switch, Message: event.String()}
	if e := a.endpoints[event.Port]; e != nil && e.on.name == event.Switch {
		e.fault = event.Reason
		detached.Node, detached.Interface = e.Node, e.Interface
	}
	var ends []*program
	for p := range a.programs {
		if port := p.open.Port(); port != nil && port.Is(event) {
			detached.Node = p.node.name
			ends = append(ends, p)
		}
	}
	if detached.Node == "" {
		return // taken away meanwhile
	}
	a.hub.publish(detached)
	for _, p := range ends {
		a.endProgram(p)
	}
}

// publishMode tells the streams when an endpoint has changed its mode.
func (a *agent) publishMode(e *endpoint, before string) {
	if mode := e.mode(); mode != before {
		a.hub.publish(Event{
			Kind: EventPort, Node: e.Node, Interface: e.Interface, Switch: e.Spec.Switch, State: mode,
		})
	}
}
