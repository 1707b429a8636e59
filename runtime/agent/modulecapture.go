package agent

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/runtime/tap"
)

// moduleTap is a point of a capture at what is on netmap's module: an endpoint, or the cable of an uplink.
type moduleTap struct {
	capture *tap.Capture
	point   int
	port    *modulePort   // nil: an uplink
	uplink  *moduleUplink // nil: an endpoint
	host    bool
}

// at says what the tap is to be put on.
func (t *moduleTap) at() (tap.Point, error) {
	if t.uplink == nil {
		e := t.port.endpoint
		return tap.Point{IfIndex: e.At.IfIndex, Longest: e.Spec.MTU + frameHeader, Host: t.host}, nil
	}
	index, err := t.uplink.agent.lab.index(t.uplink.inner)
	if err == nil && index == 0 {
		err = conflict("uplink %s is not as it should be: deploy the lab again", t.uplink.name)
	}
	return tap.Point{IfIndex: index, Longest: uplinkMTU + frameHeader}, err
}

// capturedModule are the points of a capture that are on the module.
type capturedModule struct {
	*tap.Capture
	agent *agent
	taps  []*moduleTap // at endpoints
}

// captureModule begins a capture on the module. The agent's lock is held.
func (a *agent) captureModule(taps []*moduleTap, snaplen int) (*capturedModule, error) {
	points := make([]tap.Point, len(taps))
	for i, t := range taps {
		var err error
		if points[i], err = t.at(); err != nil {
			return nil, err
		}
	}
	capture, err := tap.Start(points, snaplen, captureQueue)
	if err != nil {
		return nil, err
	}
	c := &capturedModule{Capture: capture, agent: a}
	for i, t := range taps {
		t.capture, t.point = capture, i
		if err := t.begin(); err != nil {
			return nil, errors.Join(err, c.end())
		}
		if t.port != nil {
			t.port.taps = append(t.port.taps, t)
			c.taps = append(c.taps, t)
		}
	}
	return c, nil
}

// frameHeader is what a frame has beyond the MTU: addresses, a VLAN tag and a type.
const frameHeader = 18

// begin has the tap show what is the port now.
func (t *moduleTap) begin() error {
	if t.port == nil {
		t.capture.Device(t.point, true) // at all times
		return nil
	}
	t.device(t.port.place)
	if t.host {
		return nil
	}
	switch nic, _, err := t.port.open(); {
	case err != nil:
		return err
	case nic:
		return t.monitor()
	}
	return nil
}

// device says where the endpoint's device is.
func (t *moduleTap) device(at place) {
	shown := onSwitch
	if t.host {
		shown = onHost
	}
	t.capture.Device(t.point, at == shown)
}

// monitor has the frames of a program captured that has the NIC rings open.
func (t *moduleTap) monitor() error {
	err := t.capture.Monitor(t.point, t.port.nic())
	if errors.Is(err, unix.ENOMEM) {
		err = fmt.Errorf("%w: a capture of a program takes 21 MiB of kernel memory", err)
	}
	if err != nil {
		err = fmt.Errorf("capture of %s: %w", t.port.name, err)
	}
	return err
}

// Close ends the capture.
func (c *capturedModule) Close() error {
	c.agent.mu.Lock()
	defer c.agent.mu.Unlock()
	return c.end()
}

func (c *capturedModule) end() error {
	for _, t := range c.taps {
		t.port.taps = slices.DeleteFunc(t.port.taps, func(other *moduleTap) bool { return other == t })
	}
	return c.Capture.Close()
}

// moved tells the captures of an endpoint where its device is.
func (p *modulePort) moved(to place) {
	for _, t := range p.taps {
		t.device(to)
	}
}

// opened has the captures of an endpoint show the frames of a program that has just opened its NIC rings.
func (p *modulePort) opened() {
	for _, t := range p.taps {
		if !t.host {
			p.agent.report(t.monitor(), "capture program of", p.name)
		}
	}
}
