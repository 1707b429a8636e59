package plugin

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/valelab/valelab/runtime/state"
)

// Status returns what a plugin has written down, be it that it runs or not. It is
// found wherever the plugin has it: one that an engine runs has a root file
// system of its own.
func Status(c Config) ([]Network, []Endpoint, error) {
	lab := filepath.Join(c.Root, c.Name)
	data, err := dataOf(c)
	if err != nil {
		return nil, nil, err
	}
	return ReadRecords(data, lab)
}

// dataOf returns where the plugin's own folder is.
func dataOf(c Config) (string, error) {
	dir, err := state.OpenLab(c.Root, c.Name)
	if err != nil {
		return "", err
	}
	mark, err := ReadMark(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return c.Data, nil
	}
	if err != nil {
		return "", err
	}
	processes, err := dir.Processes()
	if err != nil || len(processes) == 0 { // without any there are no networks, or they rest
		return mark.Data, err
	}
	return filepath.Join(fmt.Sprintf("/proc/%d/root", processes[0].Number), mark.Data), nil
}
