package runtime

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/valelab/valelab/netmap/kernel"
	"github.com/valelab/valelab/netmap/module"
	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/topology"
)

// Module is what a machine has of netmap's kernel module.
type Module interface {
	// Here says whether the module answers.
	Here() bool
	// Room says what the module that is here has room for: its parameters, and
	// the memory that the machine has to give, in bytes; 0: not known.
	Room() (params *module.Params, available int, err error)
	// Prepare sets what labs on the module need of it, and says what was set.
	Prepare() (note string, err error)
}

// resolve returns the plan with the backend that it is carried out on: an auto
// takes the module where it answers and can carry the lab, and a lab that runs
// stays on what it is on. old is its plan, or nil. What the module can't carry is
// refused here, before anything is made; notes are for the user.
func resolve(m Module, lab state.Dir, plan, old *topology.Plan) (resolved *topology.Plan, notes []string, err error) {
	to := plan.Netmap
	switch {
	case to == topology.NetmapAuto && old != nil:
		to = old.Netmap
	case to == topology.NetmapAuto && m.Here():
		if notes, err = fits(m, lab, plan, old); err == nil {
			to = topology.NetmapKernel
		} else {
			notes = []string{"the lab has the user-space switch: " + firstOf(err).Error()}
		}
		return withBackend(plan, to), notes, nil
	case to == topology.NetmapKernel && !m.Here():
		return nil, nil, &HintError{
			Err:  fmt.Errorf("lab %s: netmap: kernel %w: this machine has no %s", plan.Lab, ErrUnsupported, kernel.Path),
			Hint: "load netmap's module, or write netmap: user, or leave it out",
		}
	}
	if old != nil && (old.Netmap == topology.NetmapKernel) != (to == topology.NetmapKernel) {
		return nil, nil, &HintError{
			Err:  fmt.Errorf("lab %s runs with netmap: %s and can't be moved to %s", plan.Lab, old.Netmap, to),
			Hint: "valelab destroy " + plan.Lab + ", then deploy again",
		}
	}
	if to == topology.NetmapKernel {
		notes, err = fits(m, lab, plan, old)
	}
	return withBackend(plan, to), notes, err
}

// withBackend is the plan on a backend.
func withBackend(plan *topology.Plan, backend string) *topology.Plan {
	resolved := *plan
	resolved.Netmap = backend
	return &resolved
}

// fits refuses what the module has no room for.
func fits(m Module, lab state.Dir, plan, old *topology.Plan) (notes []string, err error) {
	params, available, err := m.Room()
	if err != nil {
		return nil, fmt.Errorf("lab %s: %w", plan.Lab, err)
	}
	if old != nil {
		available = 0 // the lab has most of its memory already
	}
	others, err := othersOnModule(lab)
	if err != nil {
		return nil, err
	}
	return fitsModule(plan, params, others, available)
}

// firstOf is the first error of a list.
func firstOf(err error) error {
	if list, ok := err.(interface{ WrappedErrors() []error }); ok {
		return list.WrappedErrors()[0]
	}
	return err
}

// localModule is the module of this machine.
type localModule struct{}

func (localModule) Here() bool {
	d, err := kernel.Open()
	if err != nil {
		return false
	}
	return d.Close() == nil
}

// Room implements [Module].
func (localModule) Room() (*module.Params, int, error) {
	params, err := module.Here()
	return params, memoryAvailable(), err
}

// memoryAvailable is what the machine has to give, in bytes; 0: not known.
func memoryAvailable() int {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "MemAvailable:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kib, err := strconv.Atoi(fields[0])
	if err != nil {
		return 0
	}
	return kib << 10
}

// Prepare implements [Module].
func (localModule) Prepare() (note string, err error) { return prepareModule(module.Dir) }

// prepareModule sets parameters of the module in the folder dir. generic_mit is
// how long the generic adapter collects interrupts, in nanoseconds: other than at
// 0 the kernel warns of its own misuse when two adapters are on a switch. A veth
// driver that was patched for netmap gives sockets nothing while its devices are
// on a switch, unless admode forces the generic adapter.
func prepareModule(dir string) (note string, err error) {
	params, err := module.Read(os.DirFS(dir))
	if errors.Is(err, module.ErrNotLoaded) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var notes []string
	want := []struct {
		param string
		value int
		when  bool
		why   string
	}{
		{"generic_mit", 0, true, ""},
		{"admode", module.ForceGeneric, params.NativeVeth(), ", since the veth driver was patched for netmap and would leave sockets without their frames"},
	}
	for _, w := range want {
		have, ok := params.Value(w.param)
		if !w.when || !ok || have == w.value {
			continue
		}
		file := filepath.Join(dir, "parameters", w.param)
		if err := os.WriteFile(file, []byte(strconv.Itoa(w.value)), 0); err != nil {
			return "", &HintError{
				Err:  fmt.Errorf("netmap's module: %w", err),
				Hint: fmt.Sprintf("echo %d > %s", w.value, file),
			}
		}
		notes = append(notes, fmt.Sprintf("netmap's parameter %s is %d now; it was %d%s", w.param, w.value, have, w.why))
	}
	return strings.Join(notes, "; "), nil
}
