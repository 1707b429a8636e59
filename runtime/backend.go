package runtime

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/valelab/valelab/netmap/kernel"
	"github.com/valelab/valelab/runtime/link"
	"github.com/valelab/valelab/topology"
)

// Module is what a machine has of netmap's kernel module.
type Module interface {
	// Here says whether the module answers.
	Here() bool
	// Prepare sets what labs on the module need of it, and says what was set.
	Prepare() (note string, err error)
}

// resolve returns the plan with the backend that it is carried out on: an auto
// takes the module where it answers and can carry the lab, and a lab that runs
// stays on what it is on. old is its plan, or nil.
func resolve(m Module, plan, old *topology.Plan) (*topology.Plan, error) {
	to := plan.Netmap
	switch {
	case to == topology.NetmapAuto && old != nil:
		to = old.Netmap
	case to == topology.NetmapAuto && m.Here() && unfit(plan) == nil:
		to = topology.NetmapKernel
	}
	if to == topology.NetmapKernel {
		if err := unfit(plan); err != nil {
			return nil, err
		}
		if !m.Here() {
			return nil, &HintError{
				Err:  fmt.Errorf("lab %s: netmap: kernel %w: this machine has no %s", plan.Lab, ErrUnsupported, kernel.Path),
				Hint: "load netmap's module, or write netmap: user, or leave it out",
			}
		}
	}
	if old != nil && (old.Netmap == topology.NetmapKernel) != (to == topology.NetmapKernel) {
		return nil, &HintError{
			Err:  fmt.Errorf("lab %s runs with netmap: %s and can't be moved to %s", plan.Lab, old.Netmap, to),
			Hint: "valelab destroy " + plan.Lab + ", then deploy again",
		}
	}
	resolved := *plan
	resolved.Netmap = to
	return &resolved, nil
}

// unfit says why a plan can't be carried out on the module, whatever the machine.
func unfit(plan *topology.Plan) error {
	refuse := func(hint, format string, args ...any) error {
		what := fmt.Sprintf(format, args...)
		return &HintError{Err: fmt.Errorf("lab %s: %s with netmap: kernel %w", plan.Lab, what, ErrUnsupported), Hint: hint}
	}
	for i := range plan.Steps {
		p := &plan.Steps[i]
		switch {
		case p.Uplink != nil:
			return refuse("write netmap: user", "host:%s", p.Uplink.Interface)
		case p.Access != nil:
			return refuse("write netmap: user", "vale: [%s] of node %s", p.Access.Switch, p.Access.Node)
		case p.Endpoint != nil && p.Endpoint.MTU > link.ModuleMTU:
			return refuse(fmt.Sprintf("write mtu: %d or less, or netmap: user", link.ModuleMTU),
				"mtu %d of %s:%s", p.Endpoint.MTU, p.Endpoint.Node, p.Endpoint.Interface)
		}
	}
	return nil
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

// generic_mit is how long the generic adapter collects interrupts, in nanoseconds. Other
// than at 0 the kernel warns of its own misuse when two adapters are on a switch.
const mitigation = "/sys/module/netmap/parameters/generic_mit"

func (localModule) Prepare() (note string, err error) {
	have, err := os.ReadFile(mitigation)
	if errors.Is(err, os.ErrNotExist) || err == nil && strings.TrimSpace(string(have)) == "0" {
		return "", nil
	}
	if err == nil {
		err = os.WriteFile(mitigation, []byte("0"), 0)
	}
	if err != nil {
		return "", fmt.Errorf("netmap's module: %w", err)
	}
	return "netmap's parameter generic_mit is 0 now; it was " + strings.TrimSpace(string(have)), nil
}
