package agent

import (
	"fmt"

	"github.com/valelab/valelab/runtime/keeper"
)

// trunk links two switches.
type trunk struct {
	a, b  *lanSwitch
	cable cable
}

// putTrunk carries out PUT /v1/trunks/{a}/{b}.
func (a *agent) putTrunk(from, to string) (created bool, err error) {
	key := trunkKey(from, to)
	if !trunkName.MatchString(from) || !trunkName.MatchString(to) || from == to {
		return false, invalid("trunk %s: a trunk links two switches", key)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.trunks[key] != nil {
		return false, nil
	}
	if a.trunks[trunkKey(to, from)] != nil {
		return false, conflict("trunk %s is there already, as %s", key, trunkKey(to, from))
	}
	t, err := a.connect(from, to)
	if err != nil {
		return false, err
	}
	if err := a.keep(kindTrunk, key, TrunkState{A: from, B: to}); err != nil {
		a.report(t.cable.Close(), "trunk", key)
		return false, fmt.Errorf("trunk %s: %w", key, err)
	}
	a.addTrunk(t)
	return true, nil
}

// deleteTrunk carries out DELETE /v1/trunks/{a}/{b}.
func (a *agent) deleteTrunk(from, to string) error {
	key := trunkKey(from, to)
	a.mu.Lock()
	defer a.mu.Unlock()
	t := a.trunks[key]
	if t == nil {
		return nil
	}
	if err := a.store.Delete(entryKey(kindTrunk, key)); err != nil {
		return fmt.Errorf("trunk %s: %w", key, err)
	}
	delete(a.trunks, key)
	t.a.ports--
	t.b.ports--
	return t.cable.Close()
}

// restoreTrunk makes a trunk again.
func (a *agent) restoreTrunk(entry *keeper.Entry) error {
	var record TrunkState
	if err := decodeEntry(entry, &record); err != nil {
		return err
	}
	t, err := a.connect(record.A, record.B)
	if err != nil {
		return err
	}
	a.addTrunk(t)
	return nil
}

// connect makes a trunk that is not yet in the model.
func (a *agent) connect(from, to string) (*trunk, error) {
	t := &trunk{}
	var err error
	if t.a, err = a.switchFor(from); err != nil {
		return nil, err
	}
	if t.b, err = a.switchFor(to); err != nil {
		return nil, err
	}
	if t.a.spec.Wire || t.b.spec.Wire {
		return nil, invalid("trunk %s: a wire has no trunks", trunkKey(from, to))
	}
	if t.cable, err = t.a.lan.connect(t.b.lan, trunkKey(from, to)); err != nil {
		return nil, fmt.Errorf("trunk %s: %w", trunkKey(from, to), err)
	}
	return t, nil
}

func (a *agent) addTrunk(t *trunk) {
	t.a.ports++
	t.b.ports++
	a.trunks[trunkKey(t.a.name, t.b.name)] = t
}
