package doctor

import (
	"context"
	"io/fs"

	"github.com/valelab/valelab/runtime/docker"
)

// State says how good a line is.
type State string

// The states of a line.
const (
	OK   State = "ok"
	Warn State = "warn" // labs run, without something
	Fail State = "fail" // no lab runs
)

// Line is one thing that was looked at.
type Line struct {
	Name  string `json:"name"`
	State State  `json:"state"`
	Text  string `json:"text"`
	Hint  string `json:"hint,omitempty"` // what to do, a command where one does it
}

// Probes are how the machine is looked at. The functions return nil where all is well.
type Probes struct {
	Root    fs.FS // the machine's files
	Release string
	User    int // effective number

	Namespaces   func() error                // makes those of a process node
	Veth         func() error                // makes a pair of devices, in a namespace that is thrown away
	PacketSocket func() error                // opens one
	MemoryFile   func() error                // makes a sealed one
	Filter       func() error                // loads an eBPF program as uplinks use it
	Notification func() error                // asks for seccomp user notification
	Library      func() error                // nil: this program carries the preload library
	Netmap       func() (api int, err error) // asks /dev/netmap; the API that it takes
	Dial         func(socket string) error   // connects to a Unix socket
	Engine       func(context.Context) (docker.Version, error)
	Plugins      func(context.Context) (docker.Plugins, error) // asks the engine
}

// Look looks at everything, in the order in which it is to be read.
func Look(ctx context.Context, p *Probes) []Line {
	lines := []Line{p.root(), p.kernel(), p.namespaces(), p.veth(), p.userSwitch()}
	lines = append(lines, p.memory(), p.cgroups(), p.library(), p.staticPrograms(), p.filter(), p.engine(ctx))
	lines = append(lines, p.plugins(ctx)...)
	return append(lines, p.module()...)
}

// CanRun says whether labs can run here: no line fails.
func CanRun(lines []Line) bool {
	for _, l := range lines {
		if l.State == Fail {
			return false
		}
	}
	return true
}
