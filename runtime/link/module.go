package link

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"

	"github.com/safchain/ethtool"

	"github.com/valelab/valelab/netmap/kernel"
)

// A device that is removed while it is on a switch of netmap's module stays
// there: until somebody takes it off, who removes it waits in the kernel, and the
// module can't be unloaded. So whoever removes a device of the lab's takes it off
// first, be there an agent or not.

// detach takes the devices that are on switches of netmap's module off them:
// those of the namespace for which which is true.
func (n *Namespace) detach(which func(device string) bool) error {
	return n.detachPorts(func(port string) bool {
		_, device, _ := strings.Cut(port, ":")
		return which(device)
	})
}

// detachPorts is detach by the names of ports, SWITCH:DEVICE. The stack behind an
// attached device is a port that goes with it; a port that a program has opened is
// none to detach.
func (n *Namespace) detachPorts(which func(port string) bool) error {
	module, err := kernel.Open()
	if errors.Is(err, fs.ErrNotExist) {
		return nil // there is no module
	}
	if err != nil {
		return err
	}
	defer module.Close()
	return within(n.file, func() error {
		ports, err := module.List()
		for _, p := range ports {
			if !strings.HasSuffix(p.Name, "^") && which(p.Name) {
				err = errors.Join(err, module.Detach(p.Name))
			}
		}
		return err
	})
}

// labDevice are the names of devices that labs have on switches (package wiring).
var labDevice = regexp.MustCompile(`^(p[0-9a-f]{14}|[tu][0-9a-f]{13}[ab])$`)

// DetachAll takes all devices of the namespace that are on switches of netmap's
// module off them, those of a lab also if they are there no more: who removes them
// then waits in the kernel for just that.
func (n *Namespace) DetachAll() error {
	links, err := n.handle.LinkList()
	if err != nil {
		return fmt.Errorf("interfaces of the lab: %w", err)
	}
	there := make(map[string]bool)
	for _, l := range links {
		there[l.Attrs().Name] = true
	}
	return n.detach(func(device string) bool { return there[device] || labDevice.MatchString(device) })
}

// PlainChecksums has the stack behind an interface of a node finish its frames
// itself, checksums and segmentation: the module hands frames on as they are, and
// knows of no work that is left. namespace is a descriptor of the node's.
func PlainChecksums(namespace int, iface string) error {
	file, err := os.Open(fmt.Sprintf("/proc/self/fd/%d", namespace))
	if err != nil {
		return err
	}
	defer file.Close()
	return within(file, func() error {
		tool, err := ethtool.NewEthtool()
		if err != nil {
			return err
		}
		defer tool.Close()
		err = tool.Change(iface, map[string]bool{"tx-checksum-ip-generic": false})
		if err != nil {
			return fmt.Errorf("interface %s: checksums: %w", iface, err)
		}
		return nil
	})
}
