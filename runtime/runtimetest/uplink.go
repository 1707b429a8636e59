package runtimetest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/topology"
)

// Interface is a network interface of the machine.
type Interface struct {
	Up    bool
	Taken bool // from the machine's own stack
}

// SetInterface changes an interface of the machine, or adds it.
func (m *Machine) SetInterface(name string, i Interface) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.interfaces[name] = &i
}

// TakeUplink implements runtime.Machine.
func (m *Machine) TakeUplink(ctx context.Context, dir state.Dir, u *topology.Uplink, onModule bool) (bool, error) {
	if err := m.begin(ctx, "TakeUplink %s", u.Interface); err != nil {
		return false, err
	}
	defer m.mu.Unlock()
	i := m.interfaces[u.Interface]
	if i == nil {
		return false, fmt.Errorf("interface %s: no such interface", u.Interface)
	}
	take := u.Host == topology.HostTake
	_, err := dir.ReadIntent(u.Interface)
	taken := errors.Is(err, fs.ErrNotExist)
	if taken {
		if i.Taken {
			return false, fmt.Errorf("interface %s: is taken already", u.Interface)
		}
		intent := state.Intent{Interface: u.Interface, Namespace: "net:[1]", Index: 1, WasDown: !i.Up, Take: take}
		if onModule {
			intent.Port = "vale:" + u.Interface
		}
		err = dir.WriteIntent(intent)
	}
	if err != nil {
		return false, err
	}
	i.Up = true
	i.Taken = take
	return taken, nil
}

// HasUplink implements runtime.Machine.
func (m *Machine) HasUplink(ctx context.Context, dir state.Dir, u *topology.Uplink) (bool, error) {
	if err := m.begin(ctx, "HasUplink %s", u.Interface); err != nil {
		return false, err
	}
	defer m.mu.Unlock()
	i := m.interfaces[u.Interface]
	_, err := dir.ReadIntent(u.Interface)
	return err == nil && i != nil && i.Up && i.Taken == (u.Host == topology.HostTake), nil
}

// GiveBackUplink implements runtime.Machine.
func (m *Machine) GiveBackUplink(ctx context.Context, dir state.Dir, iface string) error {
	if err := m.begin(ctx, "GiveBackUplink %s", iface); err != nil {
		return err
	}
	defer m.mu.Unlock()
	intent, err := dir.ReadIntent(iface)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if i := m.interfaces[iface]; i != nil {
		i.Up = i.Up && !intent.WasDown
		i.Taken = i.Taken && !intent.Take
	}
	return dir.ForgetIntent(iface)
}

// DetachUplinks implements runtime.Machine. There are no ports in memory.
func (m *Machine) DetachUplinks(ctx context.Context, _ state.Dir) error {
	if err := m.begin(ctx, "DetachUplinks"); err != nil {
		return err
	}
	m.mu.Unlock()
	return nil
}

// FreeUplinks implements runtime.Machine. Interfaces in memory carry no marks.
func (m *Machine) FreeUplinks(ctx context.Context, _ state.Dir) error {
	if err := m.begin(ctx, "FreeUplinks"); err != nil {
		return err
	}
	m.mu.Unlock()
	return nil
}
