package sample

import (
	"strconv"
	"time"

	"github.com/valelab/valelab/netmap/vale"
)

// Sample is what was seen of a lab at one moment.
type Sample struct {
	Lab   string    `json:"lab"`
	Time  time.Time `json:"time"`
	Rings []Ring    `json:"rings"`           // by switch, port, host, ring; tx before rx
	Nodes []Node    `json:"nodes,omitempty"` // by name
}

// Ring is one ring of one port. Of a port that a node's programs have made, Interface is what they call it
// (vale1:x); Node and Interface are empty for trunks and uplinks. A part or counter that is nil is not known, or
// not there: it is left out everywhere, and never shown as 0.
type Ring struct {
	Node      string `json:"node,omitempty"`
	Interface string `json:"interface,omitempty"`
	Switch    string `json:"switch"`
	Port      string `json:"port"`
	Title     string `json:"title,omitempty"` // of a container of the Docker plugin: what people call the port
	Mode      string `json:"mode"`            // vale.ModeSocket, ...
	Ring      int    `json:"ring"`
	Host      bool   `json:"host,omitempty"` // between a netmap program and the node's kernel stack
	Dir       string `json:"dir"`            // "tx": into the switch (or kernel stack), "rx": out of it
	*Counts
	*Program
	*Positions
	*Rates
	// Moved is what eBPF has counted of a program's ring on netmap's module, since the port was opened or the counting
	// began: slots that the switch has taken (tx) or the program given back (rx). A frame may have several.
	Moved *uint64 `json:"moved,omitempty"`
	// Exact: Counts and Program, as far as they are there, were counted; else they were sampled: put together
	// from looks now and then. Positions are those of one look always, and exact.
	Exact bool `json:"exact"`
}

// Counts are the frames that came by.
type Counts struct {
	Packets uint64      `json:"packets"` // tx: taken in, rx: delivered; dropped ones are not among them
	Bytes   uint64      `json:"bytes"`   // without preamble and frame check sequence
	Drops   *vale.Drops `json:"drops,omitempty"`
}

// Program is what the program that has the ring open, or those that had it, did.
type Program struct {
	Syncs   uint64  `json:"syncs"`
	Wakeups *uint64 `json:"wakeups,omitempty"` // of the program, by the switch
	Stalls  *uint64 `json:"stalls,omitempty"`  // rx: times that the ring was found full, each step of the program once
}

// Positions are those of an open ring. TX: slots [Cur, Head) wait for the switch. RX: slots [Head, Tail)
// wait for the program. Head is the program's as of its last sync; on netmap's module, as it stands in the ring.
type Positions struct {
	Slots uint32 `json:"slots"`
	Head  uint32 `json:"head"`
	Cur   uint32 `json:"cur"`
	Tail  uint32 `json:"tail"`
}

// Node is one node. CPU and Memory are of its init and of what descends from it: what exec has brought in
// from outside is not among them.
type Node struct {
	Name     string    `json:"node"`
	State    string    `json:"state"`
	ExitCode int       `json:"exit-code,omitempty"`
	Signal   int       `json:"signal,omitempty"`
	Restarts int       `json:"restarts"`
	CPU      *float64  `json:"cpu-seconds,omitempty"`  // processor time of its init and what descends from it
	Memory   *uint64   `json:"memory-bytes,omitempty"` // resident memory of the same processes
	Seen     time.Time `json:"seen,omitzero"`          // when CPU and Memory were read
	Load     *float64  `json:"cpu,omitempty"`          // processors in use since they were read before
}

// Key tells a ring from all others of a lab.
type Key struct {
	Switch, Port, Dir string
	Host              bool
	Ring              int
}

// Key returns the ring's key.
func (r *Ring) Key() Key {
	return Key{Switch: r.Switch, Port: r.Port, Dir: r.Dir, Host: r.Host, Ring: r.Ring}
}

// Label is what people see of the ring's port.
func (r *Ring) Label() string {
	if r.Title != "" {
		return r.Title
	}
	return r.Port
}

// Name names a ring of a port: tx0, and tx0^ when it is a host ring.
func (r *Ring) Name() string {
	name := r.Dir + strconv.Itoa(r.Ring)
	if r.Host {
		name += "^"
	}
	return name
}

// Idle says that it is a host ring that nobody has open and nothing has come by: nothing to show.
func (r *Ring) Idle() bool {
	return r.Host && r.Positions == nil && (r.Counts == nil || r.Packets+r.Dropped() == 0)
}

// Pending is the number of slots that wait for whoever comes next: for the switch in a TX ring, for the
// program in an RX ring.
func (r *Ring) Pending() uint32 {
	p := r.Positions
	if p == nil || p.Slots == 0 {
		return 0
	}
	from, to := p.Cur, p.Head
	if r.Dir == "rx" {
		from, to = p.Head, p.Tail
	}
	if from >= p.Slots || to >= p.Slots { // a program may write anything there
		return 0
	}
	return (to + p.Slots - from) % p.Slots
}

// Dropped is the number of all drops that are known of.
func (r *Ring) Dropped() uint64 {
	if r.Counts == nil || r.Drops == nil {
		return 0
	}
	return r.Drops.Total()
}

// A Reason is a name of frames that went no further.
type Reason struct {
	Name  string
	Count uint64
	TX    bool // it happens at tx rings
	RX    bool // it happens at rx rings
}

// Reasons lists the drops by reason, in the order in which they are shown; those of nil are not known: none.
func Reasons(d *vale.Drops) []Reason {
	if d == nil {
		return nil
	}
	return []Reason{
		{"full", d.Full, false, true}, {"runt", d.Runt, true, true}, {"bad", d.Bad, true, true},
		{"closed", d.Closed, false, true}, {"too-big", d.TooBig, true, true}, {"no-port", d.NoPort, true, false},
		{"socket", d.Socket, true, true}, {"kernel", d.Kernel, true, true},
	}
}
