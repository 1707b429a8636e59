package agent

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/valelab/valelab/netmap/counting"
	"github.com/valelab/valelab/netmap/vale"
	"github.com/valelab/valelab/runtime/keeper"
	"github.com/valelab/valelab/topology"
)

// store is what the agent needs of its keeper. *keeper.Store is one.
type store interface {
	Put(key string, payload []byte, fds ...int) error
	Delete(key string) error
	Program(file *os.File) error
	Shutdown() error
	Lost() <-chan struct{}
	History() keeper.History
}

// agent is the model of a lab. Its methods may be called concurrently; the
// errors of those that carry out a request are *StatusError where the request
// is at fault.
type agent struct {
	labDir  string
	folder  *os.File // labDir, open
	started time.Time
	log     *slog.Logger

	reported sync.Map // what report has logged
	usage    usage
	drops    dropWatch
	captures captures

	store   store
	engine  *vale.Engine
	counter *counting.Counter // nil: nobody has asked for it
	settler *settler          // nil: nothing was ever on netmap's module
	poller  *poller
	status  *statusWatch
	hub     *hub
	lab     *netns
	machine *netns

	stopping chan struct{} // closed when a client asks for the end
	leaving  chan struct{} // closed when the next agent is to take over

	engineOnce sync.Once // containers came: the engine is watched
	stopEngine func()    // ends that

	mu        sync.Mutex
	switches  map[string]*lanSwitch
	nodes     map[string]*labNode
	endpoints map[string]*endpoint // by portName
	uplinks   map[string]*uplink
	trunks    map[string]*trunk // by trunkKey
	accesses  map[topology.Access]struct{}
	door      *door // nil: guests have none
	programs  map[*program]struct{}
	reserve   int // a file to give up when there are no more, or -1
}

// newAgent returns an agent of a lab that holds nothing yet. It takes over the
// machine's network namespace, and close gives everything back.
func newAgent(labDir string, store store, machine *os.File, log *slog.Logger) (a *agent, err error) {
	a = &agent{
		labDir: labDir, log: log, store: store, hub: newHub(),
		switches:  make(map[string]*lanSwitch),
		nodes:     make(map[string]*labNode),
		endpoints: make(map[string]*endpoint),
		uplinks:   make(map[string]*uplink),
		trunks:    make(map[string]*trunk),
		accesses:  make(map[topology.Access]struct{}),
		programs:  make(map[*program]struct{}),
		stopping:  make(chan struct{}),
		leaving:   make(chan struct{}),
		reserve:   openReserve(),
	}
	defer func() {
		if err != nil {
			a.close()
		}
	}()
	if a.machine, err = openNetns(machine); err != nil {
		return nil, err
	}
	if a.lab, err = openNetns(nil); err != nil {
		return nil, err
	}
	if a.folder, err = openFolder(labDir); err != nil {
		return nil, err
	}
	if a.poller, err = newPoller(); err != nil {
		return nil, err
	}
	go a.poller.run()
	if a.status, err = newStatusWatch(a.poller, a.statusChanged); err != nil {
		return nil, err
	}
	a.engine = vale.New(vale.Config{Events: a.portDetached})
	a.started = time.Now()
	return a, nil
}

// close ends the agent and all of its ports, in what it has of them.
func (a *agent) close() {
	if a.engine != nil {
		if err := a.engine.Close(); err != nil {
			a.log.Error("engine", "error", err)
		}
	}
	if a.counter != nil {
		_ = a.counter.Close()
	}
	if a.stopEngine != nil {
		a.stopEngine()
	}
	if a.status != nil {
		a.status.close()
	}
	if a.poller != nil {
		a.poller.close()
	}
	if a.folder != nil {
		_ = a.folder.Close()
	}
	closeFD(a.reserve)
	for _, n := range []*netns{a.lab, a.machine} {
		if n != nil {
			n.close()
		}
	}
}

// name is the lab's name.
func (a *agent) name() string { return filepath.Base(a.labDir) }

// version answers GET /v1/version.
func (a *agent) version() *Version {
	v := &Version{
		API: APIVersion, Build: Build(), Lab: a.name(), Keeper: true, PID: os.Getpid(),
		Started: a.started, Restarts: a.store.History().Restarts,
	}
	select {
	case <-a.store.Lost():
		v.Keeper = false
	default:
	}
	return v
}

// announce tells the streams and the log that this agent has begun.
func (a *agent) announce() {
	event := Event{Kind: EventAgent, State: "started"}
	if past := a.store.History(); past.Restarts > 0 {
		event.State = "restarted"
		event.Message = fmt.Sprintf("the agent before ended with status %d", past.Status.ExitStatus())
		if past.Status.Signaled() {
			event.Message = "the agent before was ended by signal: " + past.Status.Signal().String()
		}
	}
	a.log.Info("agent "+event.State, "pid", os.Getpid(), "before", event.Message)
	a.hub.publish(event)
}
