package plugin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"regexp"
	"sync"
	"time"

	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/docker"
	"github.com/valelab/valelab/runtime/plugin/protocol"
	"github.com/valelab/valelab/runtime/state"
)

// Config says how a plugin is run.
type Config struct {
	Name   string // of the driver, and of its lab
	Driver string // as the engine spells it; empty: Name
	Root   string // state folder of all labs
	Data   string // folder of the plugin's own, which outlives a reboot
	Socket string
	Engine string // address of the engine; empty: the usual one
	Log    *slog.Logger
}

// DefaultName is what a plugin is called.
const DefaultName = "valelab"

// DefaultSocket is where an engine looks for a plugin of that name.
func DefaultSocket(name string) string { return "/run/docker/plugins/" + name + ".sock" }

// DefaultData is the folder of a plugin's own.
func DefaultData(name string) string { return "/var/lib/valelab-plugin/" + name }

var driverName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$`)

// CheckName says whether a plugin can be called so.
func CheckName(name string) error {
	if !driverName.MatchString(name) {
		return fmt.Errorf("plugin %.60q: a name is up to 40 letters, digits, and _ . - inside", name)
	}
	return nil
}

// Bounds of the start and the end.
const (
	lockPatience = 2 * time.Second
	startPause   = time.Second
	stopTime     = 5 * time.Second
)

// Serve runs a plugin until ctx ends. It listens before anything else: an engine
// that starts waits for it. What it can't do then it says in its answers.
//
// In the end it removes its socket. The lab of a plugin that has networks goes
// on without it; else nothing is left.
func Serve(ctx context.Context, c Config) error {
	if err := CheckName(c.Name); err != nil {
		return err
	}
	if c.Driver == "" {
		c.Driver = c.Name
	}
	dir, err := state.OpenLab(c.Root, c.Name)
	if err != nil {
		return err
	}
	listener, err := protocol.Listen(c.Socket)
	if err != nil {
		return err
	}
	c.Log.Info("plugin listens", "socket", c.Socket, "pid", os.Getpid())
	fabric := newLab(dir, Door(dir))
	d := newDriver(fabric, c.Log)
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx)) // it outlives the last request
	defer cancel()
	var work sync.WaitGroup
	work.Add(1)
	go func() {
		defer work.Done()
		d.run(inner, c, dir)
	}()
	err = protocol.Serve(ctx, listener, protocol.NewHandler(d.Methods(), c.Log))
	cancel()
	work.Wait()
	return err
}

// run takes the lab over, lets requests in, and looks after things until ctx
// ends.
func (d *Driver) run(ctx context.Context, c Config, dir state.Dir) {
	lock := d.take(ctx, c, dir)
	if lock == nil {
		return
	}
	known, notes := openRecords(c.Data, dir.Path())
	for _, note := range notes {
		c.Log.Error("records are put aside", "error", note)
	}
	for ctx.Err() == nil {
		err := d.resume(ctx, known)
		d.begin(known, err)
		if err == nil {
			break
		}
		c.Log.Error("start", "error", err)
		wait(ctx, startPause)
	}
	eng := docker.New()
	if c.Engine != "" {
		eng = docker.At(c.Engine)
	}
	defer eng.Close()
	d.background(ctx, known, c.Driver, eng)
	d.end(ctx, known, lock)
}

// take takes the lab's lock, and clears what is left of another boot. It returns
// nil when ctx has ended.
func (d *Driver) take(ctx context.Context, c Config, dir state.Dir) *state.Lock {
	for ctx.Err() == nil {
		lock, err := dir.Acquire(ctx, lockPatience)
		if err == nil {
			if err = d.claim(c, dir, lock); err == nil {
				return lock
			}
			lock.Unlock()
		}
		d.begin(nil, err)
		c.Log.Error("start", "error", err)
		wait(ctx, startPause)
	}
	return nil
}

// claim makes a lab the plugin's.
func (d *Driver) claim(c Config, dir state.Dir, lock *state.Lock) error {
	if _, err := os.Lstat(dir.Plan()); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("a lab is called %s as the plugin is; hint: valelab destroy %s, or another --name", dir.Name(), dir.Name())
	}
	old, err := runtime.Stale(dir)
	if err != nil {
		return err
	}
	if old {
		if err := lock.Clear(); err != nil {
			return err
		}
	}
	return errors.Join(runtime.WriteBoot(dir), writeMark(dir, c))
}

// resume makes everything again that is written down, unless it is there.
func (d *Driver) resume(ctx context.Context, known *records) error {
	networks, _ := known.all()
	if len(networks) == 0 {
		return nil
	}
	if err := d.start(ctx); err != nil {
		return err
	}
	d.begin(known, nil)
	d.anew.Store(false)
	if err := d.heal(ctx, known); err != nil {
		d.anew.Store(true) // the background goes on with it
		d.log.Error("make anew", "error", err)
	}
	return nil
}

// end gives the lab back: with networks as it is, else nothing is left of it.
func (d *Driver) end(ctx context.Context, known *records, lock *state.Lock) {
	if networks, _ := known.all(); len(networks) > 0 {
		lock.Unlock()
		return
	}
	inner, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	err := d.fabric.Stop(inner)
	if err == nil {
		err = errors.Join(known.remove(), lock.Remove())
	} else {
		lock.Unlock()
	}
	if err != nil {
		d.log.Error("end", "error", err)
	}
}

func wait(ctx context.Context, pause time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(pause):
	}
}
