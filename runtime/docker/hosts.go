package docker

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/topology"
)

// maxHosts bounds what is read of a container's /etc/hosts, in bytes.
const maxHosts = 4 << 20

// RestoreHosts gives a container that was started again the lab's names as they
// are now: the engine has written those that the container was made with. It goes
// by the container's process 1, whose command does not run yet, and asks nobody.
func RestoreHosts(lab state.Dir, node string, first state.PID, now []topology.Host) error {
	r, err := ReadRecord(lab, node)
	if err != nil {
		return err
	}
	if slices.Equal(r.Extra, hosts(now)) {
		return nil
	}
	f, err := openHosts(first)
	if err != nil {
		return fmt.Errorf("/etc/hosts of node %s: %w", node, err)
	}
	defer f.Close()
	old, err := io.ReadAll(io.LimitReader(f, maxHosts))
	if err == nil {
		text := replaceHosts(string(old), r.Extra, now)
		_, err = f.WriteAt([]byte(text), 0)
		err = errors.Join(err, f.Truncate(int64(len(text))))
	}
	if err != nil {
		return fmt.Errorf("/etc/hosts of node %s: %w", node, err)
	}
	return nil
}

// openHosts opens the file in the container. What it has made of its file system
// is its own affair: nothing outside of that is reached, and only a file opened.
func openHosts(first state.PID) (*os.File, error) {
	root, err := unix.Open(fmt.Sprintf("/proc/%d/root", first.Number), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(root)
	// Checked after opening, the number can't have come to mean another process.
	if !first.Alive() {
		return nil, state.ErrGone
	}
	fd, err := unix.Openat2(root, "etc/hosts", &unix.OpenHow{
		Flags:   unix.O_RDWR | unix.O_CLOEXEC | unix.O_NONBLOCK,
		Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS,
	})
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), "hosts")
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		f.Close()
		return nil, errors.Join(err, errors.New("is no file"))
	}
	return f, nil
}
