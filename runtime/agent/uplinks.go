package agent

import (
	"fmt"

	"github.com/valelab/valelab/runtime/keeper"
)

// uplink is an interface of the machine that is a port of a switch.
type uplink struct {
	uplinkRecord
	attached
	module   *moduleUplink // the port, on a switch of netmap's module
	restored bool          // of the agent before: it is attached, as far as it is to be
}

// fault says what is wrong with the uplink, or nothing.
func (a *agent) uplinkFault(u *uplink) string {
	if fault := deviceFault(a.machine, u.Interface, u.At); fault != "" || u.module == nil {
		return fault
	}
	return u.module.fault()
}

// uplinkMTU lets every frame through: the machine's interface has its own
// bound, and says so.
const uplinkMTU = maxMTU

// putUplink carries out PUT /v1/uplinks/{interface}.
func (a *agent) putUplink(iface string, spec UplinkSpec) (created bool, err error) {
	if !isDevice(iface) {
		return false, invalid("uplink %q: not an interface's name", iface)
	}
	if done, err := a.uplinkIs(iface, spec); done || err != nil {
		return false, err
	}
	open := func() (int, int, error) { return openSocket(a.machine, iface, true) }
	if a.onModule(spec.Switch) {
		open = func() (int, int, error) { return openControl(a.machine, iface) }
	}
	sock, ifIndex, err := open()
	if err != nil {
		return false, err
	}
	u := &uplink{
		uplinkRecord: uplinkRecord{Interface: iface, Spec: spec, At: socketPort{IfIndex: ifIndex, Port: -1}},
		attached:     attached{sock: sock},
	}
	a.mu.Lock()
	err = a.addUplink(u)
	a.mu.Unlock()
	if err != nil {
		closeFD(u.sock)
		return false, err
	}
	return true, nil
}

// uplinkIs is endpointIs of an uplink.
func (a *agent) uplinkIs(iface string, spec UplinkSpec) (bool, error) {
	a.mu.Lock()
	u := a.uplinks[iface]
	if u == nil {
		a.mu.Unlock()
		return false, nil
	}
	err := same(u.Spec == spec, "uplink "+iface)
	if err != nil || a.uplinkFault(u) == "" {
		a.mu.Unlock()
		return err == nil, err
	}
	err = a.removeUplink(u)
	a.mu.Unlock()
	if err == nil {
		closeFD(u.sock)
	}
	return false, err
}

// addUplink attaches an uplink and gives it to the keeper. After an error its
// socket is the caller's.
func (a *agent) addUplink(u *uplink) error {
	if a.uplinks[u.Interface] != nil {
		return conflict("uplink %s is being put by another request", u.Interface)
	}
	if err := a.attachUplink(u); err != nil {
		return err
	}
	if err := a.keep(kindUplink, u.Interface, u.uplinkRecord, u.sock); err != nil {
		a.dropUplink(u)
		return fmt.Errorf("uplink %s: %w", u.Interface, err)
	}
	return nil
}

// attachUplink attaches an uplink and puts it into the model.
func (a *agent) attachUplink(u *uplink) (err error) {
	if u.on, err = a.switchFor(u.Spec.Switch); err != nil {
		return err
	}
	if u.port, err = u.on.lan.attachUplink(u); err != nil {
		return fmt.Errorf("uplink %s: %w", u.Interface, err)
	}
	u.At.Port = u.port.Index()
	u.on.ports++
	a.uplinks[u.Interface] = u
	return nil
}

// deleteUplink carries out DELETE /v1/uplinks/{interface}.
func (a *agent) deleteUplink(iface string) error {
	a.mu.Lock()
	u := a.uplinks[iface]
	if u == nil {
		a.mu.Unlock()
		return nil
	}
	err := a.removeUplink(u)
	a.mu.Unlock()
	if err == nil {
		closeFD(u.sock)
	}
	return err
}

// removeUplink takes an uplink from the keeper and from its switch. Its socket
// is the caller's then.
func (a *agent) removeUplink(u *uplink) error {
	if err := a.store.Delete(entryKey(kindUplink, u.Interface)); err != nil {
		return fmt.Errorf("uplink %s: %w", u.Interface, err)
	}
	a.dropUplink(u)
	return nil
}

func (a *agent) dropUplink(u *uplink) {
	delete(a.uplinks, u.Interface)
	a.detach(&u.attached)
}

// restoreUplink makes an uplink again.
func (a *agent) restoreUplink(entry *keeper.Entry) error {
	u := &uplink{restored: true}
	if err := decodeEntry(entry, &u.uplinkRecord); err != nil {
		return err
	}
	u.sock = entry.FDs[0]
	if err := a.attachUplink(u); err != nil {
		return err
	}
	take(entry, 0)
	return nil
}
