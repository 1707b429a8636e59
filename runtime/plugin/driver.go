package plugin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valelab/valelab/runtime/plugin/protocol"
)

// Driver answers an engine's requests. It is safe for concurrent use.
type Driver struct {
	fabric fabric
	log    *slog.Logger
	now    func() time.Time
	locks  locks
	poked  chan struct{} // something has changed that the background is to look at
	anew   atomic.Bool   // an agent has begun that does not have everything yet

	mu    sync.Mutex
	ready chan struct{} // closed once begin has run
	fault error         // why it can't be worked with
	known *records      // nil before that

	shared sync.Mutex // held by those who make or remove what networks share
}

func newDriver(f fabric, log *slog.Logger) *Driver {
	d := &Driver{
		fabric: f, log: log, now: time.Now, poked: make(chan struct{}, 1), ready: make(chan struct{}),
	}
	f.Watch(d.poke)
	return d
}

// begin lets requests in, with what is known, or tells them why they fail.
func (d *Driver) begin(known *records, fault error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.known, d.fault = known, fault
	select {
	case <-d.ready:
	default:
		close(d.ready)
	}
}

// await returns the records once the driver works.
func (d *Driver) await(ctx context.Context) (*records, error) {
	select {
	case <-d.ready:
	case <-ctx.Done():
		return nil, errors.New("the plugin is still starting")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.known, d.fault
}

// poke lets the background look at everything.
func (d *Driver) poke() {
	select {
	case d.poked <- struct{}{}:
	default:
	}
}

// Methods returns the driver's methods.
func (d *Driver) Methods() protocol.Methods {
	return protocol.Methods{
		"NetworkDriver.GetCapabilities": protocol.Call(d.capabilities),
		"NetworkDriver.GwAllocCheck":    protocol.Call(d.checkGateway),
		"NetworkDriver.AllocateNetwork": protocol.Call(allocate),
		"NetworkDriver.FreeNetwork":     protocol.Call(free),
		"NetworkDriver.CreateNetwork":   protocol.Call(d.createNetwork),
		"NetworkDriver.DeleteNetwork":   protocol.Call(d.deleteNetwork),
		"NetworkDriver.CreateEndpoint":  protocol.Call(d.createEndpoint),
		"NetworkDriver.DeleteEndpoint":  protocol.Call(d.deleteEndpoint),
		"NetworkDriver.EndpointOperInfo": protocol.Call(func(context.Context, *protocol.EndpointRequest) (*protocol.EndpointInfo, error) {
			return &protocol.EndpointInfo{Value: map[string]any{}}, nil
		}),
		"NetworkDriver.Join":           protocol.Call(d.join),
		"NetworkDriver.Leave":          protocol.Call(d.leave),
		"NetworkDriver.DiscoverNew":    protocol.Call(ignore),
		"NetworkDriver.DiscoverDelete": protocol.Call(ignore),
	}
}

// ignore answers what tells of other machines.
func ignore(context.Context, *protocol.Nothing) (*protocol.Nothing, error) {
	return &protocol.Nothing{}, nil
}

// allocate refuses networks that span machines, which no engine asks for of a
// driver with this scope. What a network is to have on all machines belongs here.
func allocate(context.Context, *protocol.AllocateNetworkRequest) (*protocol.AllocateNetworkReply, error) {
	return nil, errGlobal
}

// free takes back what allocate has given: nothing.
func free(context.Context, *protocol.NetworkRequest) (*protocol.Nothing, error) {
	return &protocol.Nothing{}, nil
}

// capabilities is answered before anything else works: an engine that gets no
// answer does not start.
func (d *Driver) capabilities(context.Context, *protocol.Nothing) (*protocol.Capabilities, error) {
	return &protocol.Capabilities{
		Scope: protocol.ScopeLocal, ConnectivityScope: protocol.ScopeLocal, GwAllocChecker: true,
	}, nil
}

// checkGateway lets containers have the gateway's address where there is none.
func (d *Driver) checkGateway(_ context.Context, q *protocol.GatewayRequest) (*protocol.GatewayReply, error) {
	o, err := parseOptions("x", q.Options)
	if err != nil {
		return nil, err
	}
	none := !o.Gateway && !o.Host
	return &protocol.GatewayReply{SkipIPv4: none, SkipIPv6: none}, nil
}

// working returns the records, with the network locked and an agent there.
func (d *Driver) working(ctx context.Context, network string) (r *records, unlock func(), err error) {
	r, err = d.await(ctx)
	if err != nil {
		return nil, nil, err
	}
	if unlock, err = d.locks.lock(ctx, network); err != nil {
		return nil, nil, fmt.Errorf("network %s: %w", short(network), err)
	}
	return r, unlock, nil
}

// start sees to it that there is an agent. One that is new gets everything that
// there was from the background.
func (d *Driver) start(ctx context.Context) error {
	anew, err := d.fabric.Start(ctx)
	if anew {
		d.anew.Store(true)
		d.poke()
	}
	if err != nil {
		return fmt.Errorf("switches can't be run: %w", err)
	}
	return nil
}
