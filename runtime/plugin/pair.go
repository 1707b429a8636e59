package plugin

import (
	"context"
	"path/filepath"

	"github.com/valelab/valelab/runtime/keeper"
	"github.com/valelab/valelab/runtime/state"
)

// A pair is a lab's keeper and its agent, watched. The zero value is of a lab
// that has none.
type pair struct {
	keeper, agent state.PID
	stop          context.CancelFunc // of the watch
}

// watchPair returns the lab's keeper with the agent of that number. lost is called
// once, when the first of them has ended, unless the watch has.
func watchPair(dir state.Dir, agent int, lost func()) (pair, error) {
	start, err := state.StartTime(agent)
	if err != nil {
		return pair{}, err
	}
	p := pair{agent: state.PID{Number: agent, Start: start}}
	if p.keeper, err = readKeeper(dir); err != nil {
		return pair{}, err
	}
	ctx, stop := context.WithCancel(context.Background())
	p.stop = stop
	for _, process := range []state.PID{p.keeper, p.agent} {
		go func() {
			err := process.Wait(ctx)
			if ctx.Err() == nil && err == nil {
				lost()
			}
			stop()
		}()
	}
	return p, nil
}

func readKeeper(dir state.Dir) (state.PID, error) {
	return state.ReadPID(filepath.Join(dir.Path(), keeper.PIDFile))
}

// keeperAlive says whether a lab has its keeper.
func keeperAlive(dir state.Dir) bool {
	pid, err := readKeeper(dir)
	return err == nil && pid.Alive()
}

// alive says whether both run.
func (p *pair) alive() bool { return p.stop != nil && p.keeper.Alive() && p.agent.Alive() }

// end ends the watch.
func (p *pair) end() {
	if p.stop != nil {
		p.stop()
	}
	*p = pair{}
}
