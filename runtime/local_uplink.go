package runtime

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/runtime/link"
	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/topology"
)

func (*local) TakeUplink(_ context.Context, lab state.Dir, u *topology.Uplink, onModule bool) (taken bool, err error) {
	unlock, err := lockUplinks(lab.Root())
	if err != nil {
		return false, err
	}
	defer unlock()
	intent, ns, err := held(lab, u)
	if err != nil {
		return false, err
	}
	if ns == nil {
		if ns, err = link.Current(); err != nil {
			return false, err
		}
		taken = true
	}
	defer ns.Close()
	if taken {
		if intent, err = claimUplink(lab, u, ns, onModule); err != nil {
			return false, err
		}
	}
	err = ns.TakeUplink(found(intent), blockMark(lab, intent))
	if err == nil {
		err = ns.SetOffloads(intent.Interface, intent.Offloads, false)
	}
	if err != nil {
		if taken {
			err = errors.Join(err, giveBack(lab, intent, ns))
		}
		return false, err
	}
	return taken, nil
}

// held returns the intent for an interface that the lab has taken before, and the
// namespace that it is in. The namespace is nil when there is none: the lab never
// took it, or what it took is gone, be there another interface of that name now.
func held(lab state.Dir, u *topology.Uplink) (state.Intent, *link.Namespace, error) {
	intent, err := current(lab, u)
	if errors.Is(err, fs.ErrNotExist) {
		return state.Intent{}, nil, nil
	}
	if err != nil {
		return state.Intent{}, nil, err
	}
	ns, err := link.Find(intent.Namespace)
	if errors.Is(err, link.ErrNoNamespace) {
		return state.Intent{}, nil, lab.ForgetIntent(u.Interface)
	}
	if err != nil {
		return state.Intent{}, nil, fmt.Errorf("interface %s: %w", u.Interface, err)
	}
	there, err := ns.IsUplink(found(intent))
	if err == nil && there {
		return intent, ns, nil
	}
	ns.Close()
	if err == nil {
		err = lab.ForgetIntent(u.Interface)
	}
	return state.Intent{}, nil, err
}

// otherUplink is the hint for an interface that the machine does not have.
func otherUplink(ns *link.Namespace, name string) string {
	names, err := ns.UplinkNames()
	if err != nil || len(names) == 0 || len(names) > 8 {
		return topology.DidYouMean(name, names, "ip -brief link")
	}
	return topology.DidYouMean(name, names, "this machine has "+strings.Join(names, ", "))
}

// claimUplink writes down how an interface is before it is touched.
func claimUplink(lab state.Dir, u *topology.Uplink, ns *link.Namespace, onModule bool) (state.Intent, error) {
	id, err := ns.ID()
	if err != nil {
		return state.Intent{}, err
	}
	labs, err := lab.Root().Labs()
	if err != nil {
		return state.Intent{}, err
	}
	for _, other := range labs {
		intent, err := other.ReadIntent(u.Interface)
		if err == nil && intent.Namespace == id && other.Name() != lab.Name() {
			return state.Intent{}, &HintError{
				Err:  fmt.Errorf("interface %s: is an uplink of lab %s", u.Interface, other.Name()),
				Hint: "valelab destroy " + other.Name(),
			}
		}
	}
	take := u.Host == topology.HostTake
	f, err := ns.FindUplink(u.Interface, take && !onModule)
	if errors.Is(err, link.ErrNotFound) {
		err = &HintError{Err: err, Hint: otherUplink(ns, u.Interface)}
	}
	if err != nil {
		return state.Intent{}, err
	}
	boot, err := state.BootID()
	if err != nil {
		return state.Intent{}, err
	}
	intent := state.Intent{
		Interface: u.Interface, Namespace: id, Index: f.Index, Boot: boot, WasDown: f.WasDown, Take: take,
	}
	if onModule {
		if err := intendPort(&intent, lab, ns); err != nil {
			return state.Intent{}, err
		}
	}
	return intent, lab.WriteIntent(intent)
}

func (*local) HasUplink(_ context.Context, lab state.Dir, u *topology.Uplink) (bool, error) {
	intent, err := current(lab, u)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	ns, err := link.Find(intent.Namespace)
	if errors.Is(err, link.ErrNoNamespace) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer ns.Close()
	return ns.HasUplink(found(intent), blockMark(lab, intent))
}

func (*local) GiveBackUplink(_ context.Context, lab state.Dir, iface string) error {
	intent, err := lab.ReadIntent(iface)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	boot, err := state.BootID()
	if err != nil {
		return err
	}
	if boot != intent.Boot {
		return lab.ForgetIntent(iface)
	}
	ns, err := link.Find(intent.Namespace)
	if errors.Is(err, link.ErrNoNamespace) {
		return lab.ForgetIntent(iface) // the interface went with it
	}
	if err != nil {
		return err
	}
	defer ns.Close()
	return giveBack(lab, intent, ns)
}

func (*local) FreeUplinks(_ context.Context, lab state.Dir) error {
	ns, err := link.Current()
	if err != nil {
		return err
	}
	defer ns.Close()
	return ns.Unblock(netMark(lab))
}

// giveBack puts an interface back as its intent says, and forgets that.
func giveBack(lab state.Dir, intent state.Intent, ns *link.Namespace) error {
	if err := takeOff(intent, ns); err != nil {
		return err
	}
	if err := ns.GiveBackUplink(found(intent), blockMark(lab, intent)); err != nil {
		return err
	}
	return lab.ForgetIntent(intent.Interface)
}

// current returns the intent for an uplink if it is of this boot. One of an
// earlier boot describes nothing that still is: fs.ErrNotExist.
func current(lab state.Dir, u *topology.Uplink) (state.Intent, error) {
	intent, err := lab.ReadIntent(u.Interface)
	if err != nil {
		return intent, err
	}
	boot, err := state.BootID()
	if err == nil && boot != intent.Boot {
		err = fs.ErrNotExist
	}
	return intent, err
}

func found(i state.Intent) link.Uplink {
	return link.Uplink{Name: i.Interface, Index: i.Index, WasDown: i.WasDown}
}

// blockMark names the filters that take an interface from the machine's stack;
// it is empty for an interface that the machine keeps, and for one on netmap's
// module, which takes it itself.
func blockMark(lab state.Dir, i state.Intent) string {
	if !i.Take || i.Port != "" {
		return ""
	}
	return netMark(lab)
}

// lockUplinks keeps two deploys from claiming one interface at the same time.
func lockUplinks(root state.Root) (unlock func(), err error) {
	f, err := os.Open(root.Path())
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", root.Path(), err)
	}
	return func() { f.Close() }, nil
}
