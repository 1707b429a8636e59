package runtime

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/valelab/valelab/runtime/link"
	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/runtime/wiring"
)

// intendPort completes an intent for an interface that becomes a port of netmap's
// module. One whose frames do not fit there is refused.
func intendPort(intent *state.Intent, lab state.Dir, ns *link.Namespace) error {
	name := intent.Interface
	params, _, err := localModule{}.Room()
	if err != nil {
		return err
	}
	mtu, err := ns.MTU(name)
	if err != nil {
		return err
	}
	if mtu > params.MaxMTU() {
		return &HintError{
			Err:  fmt.Errorf("interface %s: mtu %d: a buffer of the netmap module takes frames of an mtu of %d", name, mtu, params.MaxMTU()),
			Hint: fmt.Sprintf("ip link set %s mtu %d, or netmap: user", name, params.MaxMTU()),
		}
	}
	intent.Port = wiring.UplinkSwitch(lab.Path(), name) + ":" + name
	intent.Offloads, err = ns.UplinkOffloads(name, !intent.Take)
	return err
}

// takeOff takes an interface off netmap's module, if it is there, with what else is
// on the switch beside it, and gives it its offloads back.
func takeOff(intent state.Intent, ns *link.Namespace) error {
	on, _, ok := strings.Cut(intent.Port, ":")
	if !ok {
		return nil
	}
	if err := ns.DetachPorts(on + ":"); err != nil {
		return err
	}
	there, err := ns.IsUplink(found(intent))
	if err == nil && there {
		err = ns.SetOffloads(intent.Interface, intent.Offloads, true)
	}
	return err
}

func (*local) DetachUplinks(_ context.Context, lab state.Dir) error {
	here, err := link.Current()
	if err != nil {
		return err
	}
	defer here.Close()
	faults := []error{here.DetachPorts(wiring.UplinkPrefix(lab.Path()))}
	intents, _ := lab.ReadIntents() // one that can't be read is told of when it is to be given back
	for _, intent := range intents {
		if intent.Port == "" {
			continue
		}
		ns, err := link.Find(intent.Namespace)
		if errors.Is(err, link.ErrNoNamespace) {
			continue
		}
		if err == nil {
			err = ns.DetachPorts(wiring.UplinkPrefix(lab.Path()))
			_ = ns.Close()
		}
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}
