package doctor

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/valelab/valelab/netmap/counting"
	"github.com/valelab/valelab/netmap/module"
)

// module looks at the netmap module. Labs run without it.
func (p *Probes) module() []Line {
	const name = "netmap module"
	dir, err := fs.Sub(p.Root, module.Dir[1:])
	if err != nil {
		return []Line{{name, Warn, err.Error(), ""}}
	}
	params, err := module.Read(dir)
	if errors.Is(err, module.ErrNotLoaded) {
		return []Line{{name, OK, "not loaded: labs have the user-space switch", ""}}
	}
	if err != nil {
		return []Line{{name, Warn, err.Error(), ""}}
	}
	text := "loaded"
	if params.Version != "" {
		text += ", version " + params.Version
	}
	api, err := p.Netmap()
	switch {
	case err != nil:
		return []Line{{name, Warn, fmt.Sprintf("%s, and /dev/netmap does not answer: %v", text, err), "ls -l /dev/netmap; write netmap: user meanwhile"}}
	case api == 0:
		return []Line{{name, Warn, text + ", and speaks another version of its API than this program", "a netmap module of 2018 or newer; netmap: user meanwhile"}}
	}
	lines := []Line{{name, OK, fmt.Sprintf("%s, API %d, %d in use", text, api, params.References), ""}}
	return append(lines, p.moduleSwitches(params), p.moduleMemory(params), mitigation(params), driver(params), p.counting())
}

// counting says whether eBPF can count what programs move through the module's rings.
func (p *Probes) counting() Line {
	const name = "netmap counting"
	if _, err := fs.Stat(p.Root, counting.Types[1:]); err != nil {
		return Line{name, Warn, "the module has no type information (BTF): what programs move through its rings can't be counted",
			"build the module where pahole and the kernel's vmlinux are; positions are seen without"}
	}
	return Line{name, OK, "eBPF can count what programs move through the module's rings: valelab stats --count-moved", ""}
}

func (p *Probes) moduleSwitches(params *module.Params) Line {
	n := params.MaxSwitches()
	if n < 8 {
		return Line{"netmap switches", Warn, fmt.Sprintf("%d switches and wires in a lab (max_bridges)", n), module.Reload("max_bridges", 8)}
	}
	return Line{"netmap switches", OK, fmt.Sprintf("%d switches and wires in a lab (max_bridges), 252 ports each", n), ""}
}

// moduleMemory says how many links find room, all labs together.
func (p *Probes) moduleMemory(params *module.Params) Line {
	const name = "netmap memory"
	pools := ""
	for _, param := range []string{"buf_num", "ring_num", "if_num"} {
		if n, ok := params.Value(param); ok {
			pools += fmt.Sprintf(", %s %d", param, n)
		}
	}
	text := fmt.Sprintf("%d links on switches, all labs together%s; %d MiB of memory with the first", params.MaxVeths(), pools, params.RegionSize()>>20)
	if s := params.Check(module.Demand{Veths: []module.Veth{{}}, Available: p.available()}); len(s) > 0 {
		return Line{name, Warn, s[0].What, s[0].Hint}
	}
	return Line{name, OK, text, ""}
}

// mitigation looks at the parameter with which two attached veths make the kernel complain, and lose time.
func mitigation(params *module.Params) Line {
	const name = "netmap generic_mit"
	n, ok := params.Value("generic_mit")
	if !ok || n == 0 {
		return Line{name, OK, "0: frames of sockets are handed on at once", ""}
	}
	return Line{name, Warn, fmt.Sprintf("%d: the module delays the frames of sockets, and the kernel warns of it in its log", n),
		"echo 0 > " + module.Dir + "/parameters/generic_mit"}
}

func driver(params *module.Params) Line {
	const name = "netmap veth driver"
	if !params.NativeVeth() {
		return Line{name, OK, "the kernel's own, with the generic adapter", ""}
	}
	if n, _ := params.Value("admode"); n == 2 {
		return Line{name, OK, "patched for netmap, and the generic adapter is forced (admode 2)", ""}
	}
	return Line{name, Warn, "patched for netmap: sockets in nodes get nothing while it is used natively",
		"echo 2 > " + module.Dir + "/parameters/admode"}
}
