package plugin

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/valelab/valelab/runtime/docker"
	"github.com/valelab/valelab/runtime/state"
)

// Door is the folder that a container binds at /run/valelab to run netmap
// programs on its networks. It is beside the labs' folder, and lasts as long as
// the plugin's lab; an engine that finds none makes it.
func Door(lab state.Dir) string { return filepath.Join(lab.Root().Path()+"-netmap", lab.Name()) }

// fillDoor puts the program and the preload library there.
func fillDoor(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, path := range []string{filepath.Dir(folder), folder} {
		if err := os.Chmod(path, 0o755); err != nil { // whatever the umask
			return err
		}
	}
	return docker.InstallPrograms(filepath.Join(folder, "bin"))
}

// emptyDoor removes it. A container that still binds it keeps an empty folder.
func emptyDoor(folder string) error {
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	if entries, err := os.ReadDir(filepath.Dir(folder)); err == nil && len(entries) == 0 {
		err := os.Remove(filepath.Dir(folder))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
