package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"syscall"
	"testing"

	"github.com/vishvananda/netlink"

	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/internal/netnstest"
)

// A lab whose uplink is in one network namespace is destroyed from another one:
// the uplink is given back where it is, and an interface with the same number
// where destroy runs is left alone.
func TestRootDestroyFromAnotherNamespace(t *testing.T) {
	if !netnstest.Process(t) {
		return
	}
	addUplink(t)
	root := runRoot(t)
	before := snapshot(t, root)
	deployed(t, root, compile(t, labFile))
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = []string{destroyer, root, "all"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("destroy: %v\n%s", err, out)
	}
	unchanged(t, root, before)
}

// An interface that was removed and made anew is taken again, by one deploy.
func TestRootUplinkMadeAnew(t *testing.T) {
	if !netnstest.Process(t) {
		return
	}
	addUplink(t)
	root, plan := runRoot(t), compile(t, labFile)
	before := snapshot(t, root)
	deployed(t, root, plan)
	old, err := netlink.LinkByName("up0")
	if err == nil {
		err = netlink.LinkDel(old)
	}
	if err != nil {
		t.Fatal(err)
	}
	addUplink(t)
	if report, err := runtime.Deploy(t.Context(), root, plan, runtime.Options{}); err != nil || report.Changed != 1 {
		t.Fatalf("deploy: %+v, %v", report, err)
	}
	if report, err := runtime.Deploy(t.Context(), root, plan, runtime.Options{}); err != nil || report.Changed != 0 {
		t.Errorf("deploying again: %+v, %v", report, err)
	}
	if _, err := runtime.Destroy(t.Context(), root, "all", runtime.Options{}); err != nil {
		t.Fatal(err)
	}
	unchanged(t, root, before)
}

// destroyMain destroys a lab from an empty network namespace, in which it first
// makes a few interfaces: they are to stay up.
func destroyMain(root, lab string) error {
	var err error
	for _, name := range []string{"a", "b"} {
		attrs, peer := netlink.NewLinkAttrs(), name+"1"
		attrs.Name = name + "0"
		err = errors.Join(err, netlink.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: peer, PeerTxQLen: -1}))
	}
	devices, lerr := netlink.LinkList()
	if err = errors.Join(err, lerr); err != nil {
		return err
	}
	for _, d := range devices {
		err = errors.Join(err, netlink.LinkSetUp(d))
	}
	_, derr := runtime.Destroy(context.Background(), root, lab, runtime.Options{})
	if err = errors.Join(err, derr); err != nil {
		return err
	}
	after, err := net.Interfaces()
	for _, d := range after {
		if d.Flags&net.FlagUp == 0 {
			err = errors.Join(err, fmt.Errorf("interface %s is down", d.Name))
		}
	}
	return err
}

// An interface that the machine does not have is said with one that it has.
func TestRootUplinkUnknown(t *testing.T) {
	if !netnstest.Process(t) {
		return
	}
	addUplink(t)
	root := runRoot(t)
	before := snapshot(t, root)
	for name, want := range map[string]string{"wan": "this machine has up0, up1", "up8": `did you mean "up0"?`} {
		plan := compile(t, "name: all\nswitches: {s: {}}\nnodes: {a: {}}\nlinks: [[s, host:"+name+"]]\n")
		_, err := runtime.Deploy(t.Context(), root, plan, runtime.Options{})
		var hint *runtime.HintError
		if !errors.As(err, &hint) || hint.Hint != want || hint.Error() != "interface "+name+": no such interface" {
			t.Errorf("%s: %v, hint %+v", name, err, hint)
		}
	}
	unchanged(t, root, before)
}
