package plugin

import (
	"context"
	"time"
)

// The pauses of the background.
const (
	settle    = 200 * time.Millisecond // what comes together is looked at together
	lookSoon  = time.Second            // the engine is about to do something, or something has failed
	lookLate  = 10 * time.Second       // whether the agent still is there
	lookBound = time.Minute            // for a round
)

// background looks after what no request does, until ctx ends: it makes anew what
// was lost, finds names out, and compares with the engine.
func (d *Driver) background(ctx context.Context, known *records, driver string, eng engine) {
	b := &rounds{Driver: d, known: known, name: driver, engine: eng}
	told := make(chan struct{}, 1)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		eng.WatchNetworks(ctx, func() {
			select {
			case told <- struct{}{}:
			default:
			}
		}, func(err error) { d.log.Warn("the engine is lost", "error", err) })
	}()
	defer func() { <-watched }()
	next := time.NewTimer(lookSoon)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-told:
			b.ask = true
		case <-d.poked:
			b.ask = b.asked || b.ask // an engine that was never reached is not asked
		case <-next.C:
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(settle):
		}
		inner, cancel := context.WithTimeout(ctx, lookBound)
		pause := b.round(inner)
		cancel()
		next.Reset(pause)
	}
}

// rounds is the background's state.
type rounds struct {
	*Driver
	known  *records
	name   string // of the driver
	engine engine

	ask   bool // the engine may have something new
	asked bool // it has answered before
	tries int  // rounds in which names were missing
}

// round looks at everything once and returns when to look again.
func (b *rounds) round(ctx context.Context) (again time.Duration) {
	again = lookLate
	fail := func(what string, err error) {
		if err != nil && ctx.Err() == nil {
			b.log.Warn(what, "error", err)
			again = lookSoon
		}
	}
	if networks, _ := b.known.all(); len(networks) > 0 {
		fail("agent", b.start(ctx))
	}
	if b.anew.Swap(false) {
		if err := b.heal(ctx, b.known); err != nil {
			b.anew.Store(true)
			fail("make anew", err)
		}
	}
	if b.ask || b.asked && b.unlisted() {
		b.ask = false
		have, err := b.engine.Networks(ctx, b.name)
		if err == nil {
			b.asked = true
			err = b.reconcile(ctx, b.known, have, b.engine)
		}
		if err != nil {
			b.ask = true
			fail("compare with the engine", err)
		}
		fail("sweep", b.sweep())
	}
	missing, err := b.learn(ctx, b.known)
	fail("names of interfaces", err)
	if missing == 0 {
		b.tries = 0
	} else if b.tries++; b.tries < 30 {
		again = min(again, lookSoon)
	}
	return again
}

// unlisted says whether there is something that the engine has not listed yet.
func (b *rounds) unlisted() bool {
	networks, endpoints := b.known.all()
	for _, n := range networks {
		if n.Name == "" {
			return true
		}
	}
	for _, e := range endpoints {
		if !e.Listed {
			return true
		}
	}
	return false
}

// sweep removes devices in the machine's namespace that nobody knows.
func (d *Driver) sweep() error {
	known, err := d.await(context.Background())
	if err != nil {
		return err
	}
	return d.fabric.Sweep(func(id string) bool {
		_, endpoint := known.endpoint(id)
		_, network := known.network(id)
		return endpoint || network
	})
}
