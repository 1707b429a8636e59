package runtime

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/runtime/link"
	"github.com/valelab/valelab/runtime/state"
)

// A network namespace ends with the last process that has it, and its devices with
// it. Netmap's module does not get over that while they are on a switch. So that of
// a lab on the module is mounted in the lab's folder, too: however agent and keeper
// have ended, the next deploy or destroy takes the devices off.

// heldNetwork is where the namespace is mounted.
func heldNetwork(lab state.Dir) string { return filepath.Join(lab.Path(), "netns") }

func (*local) HoldNetwork(_ context.Context, lab state.Dir) error {
	ns, err := OpenNetwork(lab)
	if err != nil {
		return err
	}
	defer ns.Close()
	if err := os.WriteFile(heldNetwork(lab), nil, 0o600); err != nil {
		return fmt.Errorf("lab %s: %w", lab.Name(), err)
	}
	return ns.MountAt(heldNetwork(lab))
}

func (m *local) DropNetwork(ctx context.Context, lab state.Dir) error {
	path := heldNetwork(lab)
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var on unix.Statfs_t
	if err := unix.Fstatfs(int(file.Fd()), &on); err != nil || on.Type != unix.NSFS_MAGIC {
		file.Close()
		return errors.Join(err, os.Remove(path)) // who made the file was killed before he mounted anything
	}
	ns, err := link.Open(file)
	if err != nil {
		return err
	}
	if err = m.DetachUplinks(ctx, lab); err == nil { // their cables go with the devices
		err = ns.ClearPairs()
	}
	if err = errors.Join(err, ns.Close()); err == nil {
		err = unix.Unmount(path, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW)
	}
	if err == nil {
		err = os.Remove(path)
	}
	if err != nil {
		return fmt.Errorf("lab %s: network namespace: %w", lab.Name(), err)
	}
	return nil
}
