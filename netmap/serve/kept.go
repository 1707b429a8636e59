package serve

import (
	"github.com/valelab/valelab/netmap/internal/region"
	"github.com/valelab/valelab/netmap/vale"
)

// The kinds of what a Host keeps, in the order in which it is restored, and the
// files that come with each. What is open last is restored first.
const (
	KindBridge     = "bridge"     // a switch of a node's programs: its state
	KindDevice     = "device"     // a persistent port
	KindAttachment = "attachment" // of a device
	KindOpen       = "open"       // an open: region, kick, wake, connection
	KindMonitor    = "monitor"    // an open of a monitor: the same. Those that began first are restored first
)

type bridgeRecord struct {
	Node   string `json:"node"`
	Name   string `json:"name"`
	Hidden bool   `json:"hidden,omitempty"`
	Wire   bool   `json:"wire,omitempty"`
}

// adapterRecord is where an adapter was.
type adapterRecord struct {
	Name       string          `json:"name"`
	Spec       region.Spec     `json:"spec"`
	Memory     uint16          `json:"memory"`
	Geometry   region.Geometry `json:"geometry"`
	Bridge     string          `json:"bridge,omitempty"` // empty: an endpoint
	Port       string          `json:"port,omitempty"`
	Index      int             `json:"index,omitempty"`
	Kind       uint32          `json:"kind,omitempty"`
	Device     bool            `json:"device,omitempty"`
	Persistent bool            `json:"persistent,omitempty"`
	Pipe       *pipeRecord     `json:"pipe,omitempty"` // that it is an end of
	MonitorOf  string          `json:"monitor-of,omitempty"`
}

type pipeRecord struct {
	ID     string        `json:"id"`
	End    int           `json:"end"`
	Parent adapterRecord `json:"parent"`
	Master region.Spec   `json:"master"`
	Holds  []vale.Kept   `json:"holds"`
}

type openRecord struct {
	Node    string         `json:"node"`
	Adapter adapterRecord  `json:"adapter"`
	Mode    uint32         `json:"mode"`
	RingID  int            `json:"ring-id,omitempty"`
	Flags   uint64         `json:"flags,omitempty"`
	Extra   int            `json:"extra,omitempty"`
	Kept    vale.Kept      `json:"kept"`
	Bufs    []region.Range `json:"bufs"`
}

type deviceRecord struct {
	Node    string        `json:"node"`
	Adapter adapterRecord `json:"adapter"`
}

type attachmentRecord struct {
	Node   string        `json:"node"`
	Device adapterRecord `json:"device"`
	Bridge string        `json:"bridge"`
	Port   string        `json:"port"`
	Stack  bool          `json:"stack,omitempty"`
}

// record says where an adapter is.
func (a *adapter) record() adapterRecord {
	r := adapterRecord{
		Name: a.name, Spec: a.spec, Memory: a.memory.id, Geometry: a.memory.Geometry(), Kind: a.kind,
		Persistent: a.persistent, MonitorOf: a.monitorOf,
	}
	if a.bridge == nil {
		return r
	}
	r.Bridge, r.Index = a.bridge.name, a.port.Index()
	for port, other := range a.bridge.ports {
		if other == a {
			r.Port = port
		}
	}
	if p := a.pipe; p != nil {
		r.Pipe = &pipeRecord{ID: p.name, Parent: p.parent.record(), Master: p.ends[0].spec}
		for end := range p.ends {
			r.Pipe.Holds = append(r.Pipe.Holds, p.holds[end].Kept())
			if p.ends[end] == a {
				r.Pipe.End = end
			}
		}
		return r
	}
	r.Device = !isVALE(a.name) && a.kind == 0
	return r
}

// keep has the Host keep an open.
func (c *Conn) keep() error {
	o := c.open
	files := o.Files()
	fds, err := FDs(files.Region, files.Kick, files.Wake)
	if err != nil {
		return err
	}
	body := o.Register()
	return c.space.host.Keep(c.kind(), c.entry, openRecord{
		Node: c.space.node, Adapter: c.adapter.record(), Mode: body.Mode, RingID: int(body.RingID), Flags: body.Flags,
		Extra: int(body.ExtraBufs), Kept: o.Kept(), Bufs: o.UsedBufs(),
	}, append(fds, c.fd)...)
}

// keepLatest keeps the latest open of a memory once more when other buffers are
// in use: another open has ended, or a monitor has begun.
func (m *memory) keepLatest() error {
	var latest *Conn
	for c := range m.opens {
		if c.kind() == KindOpen && !c.open.Detached() && (latest == nil || OpenOrder(c.entry) > OpenOrder(latest.entry)) {
			latest = c
		}
	}
	if latest == nil {
		return nil
	}
	return latest.keep()
}

// kind is that of what the Host keeps of an open.
func (c *Conn) kind() string {
	if c.adapter.monitorOf != "" {
		return KindMonitor
	}
	return KindOpen
}

// keepDevice has the Host keep a persistent port.
func (s *Space) keepDevice(a *adapter) error {
	return s.host.Keep(KindDevice, s.entry(a.name), deviceRecord{Node: s.node, Adapter: a.record()})
}
