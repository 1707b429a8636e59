package plugin

import (
	"context"
	"errors"
	"time"

	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/state"
)

// gcPatience is how long a plugin that is just ending may take.
const gcPatience = 3 * time.Second

// Collect removes everything of a plugin that does not run: processes, devices,
// its lab and its records. Networks that an engine still has get new devices when
// a plugin is started again. One that runs is state.ErrBusy; one of which there is
// nothing is no error.
func Collect(ctx context.Context, c Config) (found bool, err error) {
	dir, err := state.OpenLab(c.Root, c.Name)
	if err != nil {
		return false, err
	}
	if plugin, err := dir.IsPlugin(); err != nil || !plugin {
		return false, err
	}
	lock, err := dir.Acquire(ctx, gcPatience)
	if err != nil {
		return false, err
	}
	m := runtime.Local()
	intents, err := dir.ReadIntents()
	errs := []error{err}
	for _, intent := range intents {
		errs = append(errs, m.GiveBackUplink(ctx, dir, intent.Interface))
	}
	known, notes := openRecords(c.Data, dir.Path())
	errs = append(errs, notes...)
	f := newLab(dir, Door(dir))
	errs = append(errs, f.Sweep(func(string) bool { return false }), f.Stop(ctx))
	if err := errors.Join(errs...); err != nil {
		lock.Unlock()
		return true, err
	}
	return true, errors.Join(known.remove(), lock.Remove())
}
