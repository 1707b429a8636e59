package module

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/valelab/valelab/netmap/internal/region"
)

// Demand is what a lab needs of the module.
type Demand struct {
	Switches     map[string]int // in the lab's namespace, wires too: how many ports each will have
	HostSwitches int            // in the machine's namespace
	Veths        []Veth         // that will be attached to switches
	OtherVeths   int            // of other labs, which share the region
	OtherHost    int            // switches that other labs have in the machine's namespace
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
	host := d.HostSwitches
	if host > 0 {
		host += d.OtherHost
	}
	for _, place := range []struct {
		n     int
		where string
	}{{len(d.Switches), "switches and wires in a lab"}, {host, "switches for interfaces of this machine, all labs together"}} {
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

// frameRoom is what a frame takes of a buffer besides the MTU: Ethernet's header, and a VLAN tag.
const frameRoom = 18

// MaxMTU is the largest MTU of a device on a switch: its frames have to fit into a buffer, and into one of the ports
// that programs open.
func (p *Params) MaxMTU() int {
	return min(p.or("buf_size", defaultBuffer), p.or("priv_buf_size", defaultBuffer)) - frameRoom
}

// checkFrames finds veths whose frames are larger than a buffer: these would be lost.
func (p *Params) checkFrames(d Demand) []Shortage {
	worst := Veth{}
	for _, v := range d.Veths {
		if v.MTU > worst.MTU {
			worst = v
		}
	}
	if worst.MTU <= p.MaxMTU() {
		return nil
	}
	want := (worst.MTU + frameRoom + 63) / 64 * 64
	var have, hints []string
	for _, param := range []string{"buf_size", "priv_buf_size"} {
		if n := p.or(param, defaultBuffer); n < want {
			have = append(have, fmt.Sprintf("%s is %d", param, n))
			hints = append(hints, set(param, want))
		}
	}
	return []Shortage{{
		What: fmt.Sprintf("%s: mtu %d: a buffer of the netmap module takes frames of an mtu of %d, %s",
			worst.Name, worst.MTU, p.MaxMTU(), strings.Join(have, ", ")),
		Hint:    strings.Join(hints, "; ") + " (as root, while no netmap port is open), or mtu: " + strconv.Itoa(p.MaxMTU()),
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
