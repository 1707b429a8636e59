package module

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Dir is the folder of the loaded module.
const Dir = "/sys/module/netmap"

// ErrNotLoaded says that the module is not loaded.
var ErrNotLoaded = errors.New("the netmap module is not loaded")

// Params are the parameters of the loaded module. They do not change after Read.
type Params struct {
	values     map[string]int
	Version    string   // as the module says, mostly ""
	References int      // open files, and whatever else holds on to the module
	Holders    []string // modules that use it: drivers that were patched for netmap
}

// Read reads the parameters from the module's folder; [Dir] on this machine. The error is ErrNotLoaded where there is
// none.
func Read(dir fs.FS) (*Params, error) {
	files, err := fs.ReadDir(dir, "parameters")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotLoaded
	}
	if err != nil {
		return nil, fmt.Errorf("parameters of the netmap module: %w", err)
	}
	p := &Params{values: make(map[string]int, len(files))}
	for _, f := range files {
		text, err := fs.ReadFile(dir, "parameters/"+f.Name())
		if err != nil {
			return nil, fmt.Errorf("parameter of the netmap module: %w", err)
		}
		if n, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil { // others are Y or N
			p.values[f.Name()] = n
		}
	}
	text := func(name string) string {
		b, _ := fs.ReadFile(dir, name) // a file that is not there says nothing
		return strings.TrimSpace(string(b))
	}
	p.Version = text("version")
	p.References, _ = strconv.Atoi(text("refcnt"))
	holders, _ := fs.ReadDir(dir, "holders")
	for _, h := range holders {
		p.Holders = append(p.Holders, h.Name())
	}
	return p, nil
}

// Here reads the parameters of this machine's module, which must be there: one that is part of the kernel may have no
// folder, and goes by the defaults.
func Here() (*Params, error) {
	p, err := Read(os.DirFS(Dir))
	if errors.Is(err, ErrNotLoaded) {
		return &Params{}, nil
	}
	return p, err
}

// Value is the value of a parameter that is a number; false: the module has none of this name.
func (p *Params) Value(name string) (int, bool) {
	n, ok := p.values[name]
	return n, ok
}

// or is the value of a parameter, or what the module has without it.
func (p *Params) or(name string, otherwise int) int {
	if n, ok := p.values[name]; ok {
		return n
	}
	return otherwise
}

// ForceGeneric is the value of admode that has every device use the generic adapter.
const ForceGeneric = 2

// NativeVeth says that the loaded veth driver was patched for netmap. Sockets get nothing of such a veth while it is
// attached, unless the generic adapter is forced (admode 2).
func (p *Params) NativeVeth() bool { return slices.Contains(p.Holders, "veth") }

// MaxSwitches is how many switches a network namespace can have.
func (p *Params) MaxSwitches() int { return p.or("max_bridges", defaultSwitches) }

// MaxVeths is how many veths can be attached to switches at the same time, on the whole machine.
func (p *Params) MaxVeths() int {
	n := maxVeths
	for _, pool := range p.pools() {
		n = min(n, pool.room())
	}
	return n
}

// RegionSize is how many bytes of kernel memory the region takes that all attached interfaces share.
func (p *Params) RegionSize() int {
	size := 0
	for _, pool := range p.pools() {
		size += pool.have * pool.size
	}
	return size
}

// RegionInUse says that the region stands already: its memory is not to be found again.
func (p *Params) RegionInUse() bool { return p.References > 0 && p.or("buf_curr_num", 0) > 0 }
