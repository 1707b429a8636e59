package plugin

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/valelab/valelab/runtime/state"
)

// Mark is what a plugin writes into its lab's folder, for those who look at it.
type Mark struct {
	Name   string `json:"name"`   // of the driver
	Data   string `json:"data"`   // the plugin's own folder
	Socket string `json:"socket"` // that engines find it at
}

func writeMark(dir state.Dir, c Config) error {
	data, err := json.Marshal(Mark{Name: c.Driver, Data: c.Data, Socket: c.Socket})
	if err != nil {
		return err
	}
	return state.WriteFile(dir.Plugin(), data, 0o600)
}

// ReadMark returns the mark of a plugin's lab; of another it is fs.ErrNotExist.
func ReadMark(dir state.Dir) (*Mark, error) {
	data, err := os.ReadFile(dir.Plugin())
	if err != nil {
		return nil, err
	}
	var m Mark
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("lab %s: mark of its plugin: %w", dir.Name(), err)
	}
	return &m, nil
}
