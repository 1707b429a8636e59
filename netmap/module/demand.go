package module

import (
	"fmt"
	"maps"
	"slices"

	"github.com/valelab/valelab/netmap/internal/region"
)

// Demand is what a lab needs of the module.
type Demand struct {
	Switches     map[string]int // in the lab's namespace, wires too: how many ports each will have
	HostSwitches int            // in the machine's namespace
	Veths        []Veth         // that will be attached to switches
	OtherVeths   int            // of other labs, which share the region
	Ports        []Port         // that programs may open
	Available    int            // bytes of memory that the machine has to give; 0: not known
}

// Veth is a device that is attached to a switch.
type Veth struct {
	Name string
	MTU  int
}

// Port is an endpoint as programs may open it: with memory of its own.
type Port struct {
	Rings, Slots int
}

// A Shortage is one thing that the module or the machine does not have enough of.
type Shortage struct {
	What string // one lower-case line
	Hint string // what to do
	// Certain says that the lab can't be made. Otherwise it can, and programs may find that there is too little.
	Certain bool
}

// Check says what the lab would not find; nothing if it fits.
func (p *Params) Check(d Demand) []Shortage {
	var s []Shortage
	s = append(s, p.checkSwitches(d)...)
	s = append(s, p.checkPorts(d)...)
	s = append(s, p.checkFrames(d)...)
	s = append(s, p.checkVeths(d)...)
	return append(s, p.checkMemory(d)...)
}

func (p *Params) checkSwitches(d Demand) []Shortage {
	var s []Shortage
	for _, place := range []struct {
		n     int
		where string
	}{{len(d.Switches), "switches and wires in a lab"}, {d.HostSwitches, "switches for interfaces of this machine"}} {
		if place.n > p.MaxSwitches() {
			s = append(s, Shortage{
				What:    fmt.Sprintf("%d %s: the netmap module has room for %d (max_bridges)", place.n, place.where, p.MaxSwitches()),
				Hint:    Reload("max_bridges", place.n),
				Certain: true,
			})
		}
	}
	return s
}

func (p *Params) checkPorts(d Demand) []Shortage {
	var s []Shortage
	for _, name := range slices.Sorted(maps.Keys(d.Switches)) {
		if n := d.Switches[name]; n > maxPorts {
			s = append(s, Shortage{
				What:    fmt.Sprintf("switch %s: %d ports: the netmap module takes %d", name, n, maxPorts),
				Hint:    "spread the links over several switches, and link these: [left, right]",
				Certain: true,
			})
		}
	}
	return s
}

// checkFrames finds veths whose frames are larger than a buffer: the module refuses to attach these.
func (p *Params) checkFrames(d Demand) []Shortage {
	size := p.or("buf_size", 2048)
	worst := Veth{}
	for _, v := range d.Veths {
		if v.MTU > worst.MTU {
			worst = v
		}
	}
	if worst.MTU <= size {
		return nil
	}
	want := (worst.MTU + 63) / 64 * 64
	return []Shortage{{
		What:    fmt.Sprintf("%s: frames of %d bytes: a buffer of the netmap module has %d (buf_size)", worst.Name, worst.MTU, size),
		Hint:    set("buf_size", want) + ", or a smaller mtu",
		Certain: true,
	}}
}

// checkVeths finds the pools that are too small, all at once.
func (p *Params) checkVeths(d Demand) []Shortage {
	n := len(d.Veths) + d.OtherVeths
	if n <= p.MaxVeths() {
		return nil
	}
	others := ""
	if d.OtherVeths > 0 {
		others = fmt.Sprintf(" (%d of them of other labs)", d.OtherVeths)
	}
	what := fmt.Sprintf("%d links on switches of the netmap module%s: it has memory for %d", n, others, p.MaxVeths())
	hint, most := "", n
	for _, pool := range p.pools() {
		if pool.room() >= n {
			continue
		}
		what += fmt.Sprintf(", %s is %d", pool.param, pool.have)
		most = min(most, (pool.most-pool.spare)/pool.each)
		if hint != "" {
			hint += "; "
		}
		hint += set(pool.param, pool.wants(n))
	}
	hint += " (as root, while no netmap port is open)"
	if most < n {
		hint = fmt.Sprintf("netmap: user, since the module can't have more than %d", most)
	}
	return []Shortage{{What: what, Hint: hint, Certain: true}}
}

// checkMemory finds what the machine has no memory for. The region that veths share is made as a whole with the first
// of them.
func (p *Params) checkMemory(d Demand) []Shortage {
	if d.Available <= 0 {
		return nil
	}
	shared := 0
	if len(d.Veths) > 0 && !p.RegionInUse() {
		shared = p.RegionSize()
	}
	if shared > d.Available {
		return []Shortage{{
			What:    fmt.Sprintf("the netmap module wants %s of memory for its buffers, %s are available", mib(shared), mib(d.Available)),
			Hint:    set("buf_num", p.pools()[0].wants(len(d.Veths))) + " (as root, while no netmap port is open)",
			Certain: true,
		}}
	}
	ports := 0
	for _, port := range d.Ports {
		ports += port.size()
	}
	if shared+ports > d.Available {
		return []Shortage{{
			What: fmt.Sprintf("netmap ports of all %d endpoints together take %s of kernel memory, %s are available",
				len(d.Ports), mib(ports), mib(d.Available-shared)),
			Hint: "fewer slots on the links (slots: 256), or fewer endpoints with netmap programs",
		}}
	}
	return nil
}

// size is the kernel memory that the port takes while a program has it open.
func (p Port) size() int {
	g, err := region.Fit(region.Spec{TxRings: p.Rings, RxRings: p.Rings, TxSlots: p.Slots, RxSlots: p.Slots}, region.Room{Pipes: 2})
	if err != nil {
		return 0 // no lab file has it
	}
	return g.MemSize()
}

func mib(n int) string { return fmt.Sprintf("%d MiB", n>>20) }

// set is the command that sets a parameter of the loaded module. The module looks at those of its memory when the first
// port is opened.
func set(param string, n int) string {
	return fmt.Sprintf("echo %d > %s/parameters/%s", n, Dir, param)
}

// Reload is the command that sets a parameter which the module takes only when it is loaded.
func Reload(param string, n int) string {
	return fmt.Sprintf("rmmod netmap; modprobe netmap %s=%d", param, n)
}
