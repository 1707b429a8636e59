package docker

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/valelab/valelab/netmap/preload"
	"github.com/valelab/valelab/runtime/state"
)

// Folder is what the node's container sees at /run/valelab.
func Folder(lab state.Dir, node string) string { return filepath.Join(lab.Lasting(), "nodes", node) }

// binFolder has the program, for all of the lab's containers.
func binFolder(lab state.Dir) string { return filepath.Join(lab.Lasting(), "bin") }

// makeFolder makes a node's folder, for all users of the container.
func makeFolder(lab state.Dir, node string) error {
	folder := Folder(lab, node)
	bin := filepath.Join(folder, "bin") // the place where the program is bound
	if err := makeAll(bin); err != nil {
		return err
	}
	for _, path := range []string{folder, bin} {
		if err := os.Chmod(path, 0o755); err != nil { // whatever the umask
			return err
		}
	}
	return nil
}

// makeAll makes a folder and those above it. The folder of all labs may go in
// between, with the last lab that had it: before one is made in it, or after it
// was seen to be there and before it is looked at.
func makeAll(path string) (err error) {
	for range 100 {
		if err = os.MkdirAll(path, 0o755); !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return err
}

// InstallPrograms puts what containers need into a folder that they bind as
// /run/valelab/bin: the running program and the preload library.
func InstallPrograms(folder string) error {
	if err := installProgram(folder); err != nil {
		return err
	}
	return installLibrary(folder)
}

// installProgram puts the running program where containers find it. It
// is a copy: an upgrade of the program must not pull the ground from under them.
func installProgram(folder string) (err error) {
	path := filepath.Join(folder, "valelab")
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		return err
	}
	defer self.Close()
	want, err := self.Stat()
	if err != nil {
		return err
	}
	if have, err := os.Stat(path); err == nil && have.Size() == want.Size() && have.ModTime().Equal(want.ModTime()) {
		return nil
	}
	if err := makeAll(folder); err != nil {
		return err
	}
	if err := os.Chmod(folder, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(folder, ".valelab.")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // once it is renamed there is none
	_, err = io.Copy(f, self)
	err = errors.Join(err, f.Chmod(0o755), f.Close())
	if err == nil {
		err = os.Chtimes(f.Name(), want.ModTime(), want.ModTime())
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("program for containers: %w", err)
	}
	return nil
}

// installLibrary puts the preload library beside the program. Programs that run
// have the one before open, which goes with them.
func installLibrary(folder string) error {
	data, err := preload.Library()
	if err != nil {
		return nil // there is none, and no node is told of it
	}
	path := filepath.Join(folder, preload.Name)
	if have, err := os.ReadFile(path); err == nil && bytes.Equal(have, data) {
		return nil
	}
	f, err := os.CreateTemp(folder, ".library.")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // once it is renamed there is none
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("preload library for containers: %w", err)
	}
	return nil
}

// HasContainers says whether the lab has, or may have, containers, without
// asking the engine: Start makes the lasting folder before anything else.
func HasContainers(lab state.Dir) (bool, error) {
	_, err := os.Lstat(lab.Lasting())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// removeFolders removes the lab's lasting folder, and the one above it when it
// was the last one.
func removeFolders(lab state.Dir) error {
	if err := os.RemoveAll(lab.Lasting()); err != nil {
		return err
	}
	err := os.Remove(filepath.Dir(lab.Lasting()))
	if errors.Is(err, syscall.ENOTEMPTY) || errors.Is(err, syscall.EEXIST) || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
