package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/runtime/keeper"
	"github.com/valelab/valelab/runtime/state"
)

// pidFile is the name of the agent's pid file in the lab's state folder.
const pidFile = "agent.pid"

// farewell is how long the last replies may take.
const farewell = time.Second

// Main is the agent of the lab with the state folder labDir. It runs in a
// process that the lab's keeper has started: in the lab's network namespace,
// with the keeper's files open. It returns when the lab is shut down, when the
// context ends, or when it can't go on.
func Main(ctx context.Context, labDir string) error {
	unix.Umask(0) // every file is made with the mode that it is to have
	unix.CloseOnExec(keeper.MachineFD)
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	store, entries, err := keeper.Connect(keeper.StoreFD)
	if err != nil {
		return err
	}
	a, err := newAgent(labDir, store, os.NewFile(keeper.MachineFD, "network namespace of the machine"), log)
	if err != nil {
		return fmt.Errorf("agent of %s: %w", labDir, err)
	}
	// No close: it would tell the programs that their ports are gone, while
	// the end of the process leaves everything to the next agent.
	if err := a.run(ctx, entries); err != nil {
		return fmt.Errorf("agent of %s: %w", labDir, err)
	}
	return nil
}

// run restores the lab and serves the API.
func (a *agent) run(ctx context.Context, entries []keeper.Entry) (err error) {
	if err := checkFormat(entries); err != nil {
		return err
	}
	api := a.restore(entries)
	if err := a.keep(kindFormat, "", formatRecord{Format: entryFormat}); err != nil {
		return err
	}
	if api == nil {
		if api, err = a.openAPI(); err != nil {
			return err
		}
	}
	// For people: on a full disk the lab does without it.
	a.report(writePID(a.labDir), "write", pidFile)
	a.announce()
	server := newServer(a, sync.OnceFunc(func() { close(a.stopping) }), sync.OnceFunc(func() { close(a.leaving) }))
	served := make(chan error, 1)
	go func() { served <- server.Serve(api) }()

	lost := a.store.Lost()
	for {
		select {
		case <-a.stopping:
			return a.shutdown(server)
		case <-a.leaving:
			return a.leave(server)
		case <-lost:
			lost = nil
			a.log.Error("the keeper is gone")
			a.hub.publish(Event{Kind: EventKeeper, State: "gone"})
		case <-ctx.Done():
			return server.Close()
		case err := <-served:
			return err
		}
	}
}

// writePID says which process is the lab's agent.
func writePID(labDir string) error {
	start, err := state.StartTime(os.Getpid())
	if err != nil {
		return err
	}
	return state.WritePID(filepath.Join(labDir, pidFile), state.PID{Number: os.Getpid(), Start: start})
}

// leave answers what is under way, as far as that is quick, and makes room for
// the next agent, which the keeper starts.
func (a *agent) leave(server *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	_ = server.Shutdown(ctx) // who has not read its reply by now asks again
	return nil
}

// shutdown ends the lab: the keeper ends this process, closes everything that
// it holds and ends too. Without a keeper it returns.
func (a *agent) shutdown(server *http.Server) error {
	a.log.Info("shutdown")
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	_ = server.Shutdown(ctx) // who has not read its reply by now does without
	if err := a.store.Shutdown(); err != nil && !errors.Is(err, keeper.ErrLost) {
		return err
	}
	<-a.store.Lost()
	return nil
}
