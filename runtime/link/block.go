package link

import (
	"errors"
	"fmt"
	"os"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// directions are the two places of a clsact qdisc: what the interface receives
// and what is sent through it.
var directions = []uint32{netlink.HANDLE_MIN_INGRESS, netlink.HANDLE_MIN_EGRESS}

// block drops everything between the device and the machine's stack. Taps see
// a received frame before the filter does, and a packet socket with
// PACKET_QDISC_BYPASS sends past it, so the switch is not affected.
func (n *Namespace) block(dev netlink.Link, mark string) error {
	err := n.handle.QdiscAdd(clsact(dev))
	if err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("add clsact qdisc: %w", err)
	}
	prog, err := loadDrop()
	if err != nil {
		return err
	}
	defer prog.Close()
	for _, parent := range directions {
		old, err := n.filters(dev, parent, mark)
		if err != nil {
			return err
		}
		if len(old) > 0 {
			continue
		}
		if err := n.handle.FilterAdd(dropFilter(dev, parent, mark, prog)); err != nil {
			return fmt.Errorf("add filter: %w", err)
		}
	}
	return nil
}

func clsact(dev netlink.Link) netlink.Qdisc {
	return &netlink.Clsact{QdiscAttrs: netlink.QdiscAttrs{
		LinkIndex: dev.Attrs().Index, Parent: netlink.HANDLE_CLSACT, Handle: netlink.MakeHandle(0xffff, 0),
	}}
}

func dropFilter(dev netlink.Link, parent uint32, mark string, prog *os.File) netlink.Filter {
	return &netlink.BpfFilter{
		FilterAttrs: netlink.FilterAttrs{
			LinkIndex: dev.Attrs().Index, Parent: parent, Handle: 1, Protocol: unix.ETH_P_ALL, Priority: 1,
		},
		Fd: int(prog.Fd()), Name: mark, DirectAction: true,
	}
}

// unblock removes what block added: the filters with the mark, and the qdisc
// unless it has got somebody else's filters meanwhile.
func (n *Namespace) unblock(dev netlink.Link, mark string) error {
	kind, err := n.ingress(dev)
	if err != nil || kind != "clsact" {
		return err
	}
	foreign := false
	for _, parent := range directions {
		ours, err := n.filters(dev, parent, mark)
		if err != nil {
			return err
		}
		for _, f := range ours {
			if err := n.handle.FilterDel(f); err != nil {
				return fmt.Errorf("remove filter: %w", err)
			}
		}
		rest, err := n.handle.FilterList(dev, parent)
		if err != nil {
			return err
		}
		foreign = foreign || len(rest) > 0
	}
	if foreign {
		return nil
	}
	err = n.handle.QdiscDel(clsact(dev))
	if err != nil {
		return fmt.Errorf("remove clsact qdisc: %w", err)
	}
	return nil
}

// Unblock gives every interface back that was taken from the machine's stack under
// this mark, for an owner who has lost what he wrote down.
func (n *Namespace) Unblock(mark string) error {
	qdiscs, err := n.handle.QdiscList(nil)
	if err != nil {
		return fmt.Errorf("list qdiscs: %w", err)
	}
	var faults []error
	for _, q := range qdiscs {
		if q.Attrs().Parent != netlink.HANDLE_CLSACT || q.Type() != "clsact" {
			continue
		}
		dev, err := n.handle.LinkByIndex(q.Attrs().LinkIndex)
		if isNotFound(err) {
			continue // just now
		}
		if err == nil {
			err = n.unblockMarked(dev, mark)
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("interface %d: give back: %w", q.Attrs().LinkIndex, err))
		}
	}
	return errors.Join(faults...)
}

// unblockMarked unblocks a device that has filters with the mark.
func (n *Namespace) unblockMarked(dev netlink.Link, mark string) error {
	for _, parent := range directions {
		if ours, err := n.filters(dev, parent, mark); err != nil {
			return err
		} else if len(ours) > 0 {
			return n.unblock(dev, mark)
		}
	}
	return nil
}

// filters returns the device's filters in one direction that carry the mark.
func (n *Namespace) filters(dev netlink.Link, parent uint32, mark string) ([]netlink.Filter, error) {
	all, err := n.handle.FilterList(dev, parent)
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EINVAL) {
		return nil, nil // no such qdisc
	}
	if err != nil {
		return nil, fmt.Errorf("list filters: %w", err)
	}
	var ours []netlink.Filter
	for _, f := range all {
		if bpf, ok := f.(*netlink.BpfFilter); ok && bpf.Name == mark {
			ours = append(ours, f)
		}
	}
	return ours, nil
}
