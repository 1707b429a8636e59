package kernel

import (
	"errors"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// Attach makes a network device a port of a switch: port is SWITCH:DEVICE. With host its stack is one, too;
// without, the stack is cut off. The index is that of the port on the switch, which is made if it is not there.
// EBUSY: the device is on a switch already, or open.
func (d Device) Attach(port string, host bool) (index int, err error) {
	body := abi.ReqAttach{Reg: abi.ReqRegister{Mode: abi.NR_REG_ALL_NIC}}
	if host {
		body.Reg.Mode = abi.NR_REG_NIC_SW
	}
	if _, err := control(d, abi.NETMAP_REQ_VALE_ATTACH, port, &body); err != nil {
		return 0, refused("attach", port, err)
	}
	return int(body.PortIndex), nil
}

// Detach gives a device that Attach has attached back to its stack. One that is not there is fine.
func (d Device) Detach(port string) error {
	var body abi.ReqDetach
	_, err := control(d, abi.NETMAP_REQ_VALE_DETACH, port, &body)
	if err == nil || errors.Is(err, unix.ENXIO) {
		return nil
	}
	return refused("detach", port, err)
}

// Listed is a port of a switch.
type Listed struct {
	Name   string // SWITCH:PORT
	Switch int    // which of the namespace's
	Index  int    // of the port on it
}

// List names the ports of all switches of the namespace.
func (d Device) List() (all []Listed, err error) {
	var at abi.ReqList
	for {
		h, err := control(d, abi.NETMAP_REQ_VALE_LIST, "", &at)
		if errors.Is(err, unix.ENOENT) {
			return all, nil
		}
		if err != nil {
			return all, refused("list", "of ports", err)
		}
		all = append(all, Listed{Name: nameOf(&h), Switch: int(at.BridgeIdx), Index: int(at.PortIdx)})
		at.PortIdx++
	}
}

// PortsOn names the ports of a switch that begin with these letters, without the switch.
func (d Device) PortsOn(on, with string) (ports []string, err error) {
	all, err := d.List()
	for _, p := range all {
		if at, port, _ := strings.Cut(p.Name, ":"); at == on && strings.HasPrefix(port, with) {
			ports = append(ports, port)
		}
	}
	return ports, err
}

// noPort is the index that the module gives of a port that a switch does not have.
const noPort = 255

// Find says where a port is, SWITCH:PORT. Of one that is not there, on a switch that is, only the switch is known;
// without the switch the error is ENOENT.
func (d Device) Find(port string) (at Listed, there bool, err error) {
	var body abi.ReqList
	if _, err := control(d, abi.NETMAP_REQ_VALE_LIST, port, &body); err != nil {
		return Listed{}, false, refused("look for", port, err)
	}
	return Listed{Name: port, Switch: int(body.BridgeIdx), Index: int(body.PortIdx)}, body.PortIdx != noPort, nil
}

// Has says whether there is such a port, SWITCH:PORT.
func (d Device) Has(port string) (bool, error) {
	_, there, err := d.Find(port)
	if errors.Is(err, unix.ENOENT) {
		return false, nil
	}
	return there, err
}

// NewPort makes a persistent port: a network device of this name, alone. The lab makes none; see the package's
// comment for why.
func (d Device) NewPort(name string) error {
	var body abi.ReqNewIf
	if _, err := control(d, abi.NETMAP_REQ_VALE_NEWIF, name, &body); err != nil {
		return refused("make", name, err)
	}
	return nil
}

// DeletePort removes what NewPort has made.
func (d Device) DeletePort(name string) error {
	if _, err := control[struct{}](d, abi.NETMAP_REQ_VALE_DELIF, name, nil); err != nil {
		return refused("remove", name, err)
	}
	return nil
}

// StartPolling has kernel threads, one for each processor from first on, move the frames of an attached network
// card. EOPNOTSUPP: the port is none. StopPolling ends it.
func (d Device) StartPolling(port string, first, processors int) error {
	body := abi.ReqPolling{Mode: abi.NETMAP_POLLING_MODE_SINGLE_CPU, FirstCPU: uint32(first), NumCPUs: uint32(processors)}
	if processors > 1 {
		body.Mode = abi.NETMAP_POLLING_MODE_MULTI_CPU
	}
	if _, err := control(d, abi.NETMAP_REQ_VALE_POLLING_ENABLE, port, &body); err != nil {
		return refused("poll", port, err)
	}
	return nil
}

// StopPolling ends what StartPolling has begun.
func (d Device) StopPolling(port string) error {
	var body abi.ReqPolling
	if _, err := control(d, abi.NETMAP_REQ_VALE_POLLING_DISABLE, port, &body); err != nil {
		return refused("poll", port, err)
	}
	return nil
}
