package docker

import (
	"encoding/json"

	"github.com/docker/docker/api/types"
)

// ManagedPlugin describes a network plugin that an engine runs itself, in a root
// file system of its own and in the machine's network and PID namespaces.
//
// An engine panics at its start, and does not come up, if a plugin that is
// enabled can't be started. So nothing may be in Folders that the machine could
// lack after a reboot, and there is no way to name a device: the machine's /dev
// has them all.
type ManagedPlugin struct {
	Description   string
	Documentation string   // address
	Socket        string   // a file's name; the plugin makes it in /run/docker/plugins
	Entrypoint    []string // in its root file system
	Capabilities  []string // beside those of every container
	Folders       []string // of the machine, at the same path; what is mounted there later is seen too
	Data          string   // folder that the engine makes and keeps until the plugin is removed
	Env           []PluginEnv
}

// PluginEnv is a variable of a plugin's environment.
type PluginEnv struct {
	Name, Value, Description string
	Settable                 bool // by docker plugin set
}

// Config returns the plugin's config.json.
func (p *ManagedPlugin) Config() ([]byte, error) {
	c := types.PluginConfig{
		Description: p.Description, Documentation: p.Documentation, Entrypoint: p.Entrypoint,
		Interface: types.PluginConfigInterface{
			Socket: p.Socket,
			Types:  []types.PluginInterfaceType{{Prefix: "docker", Capability: "networkdriver", Version: "1.0"}},
		},
		Network: types.PluginConfigNetwork{Type: "host"}, PidHost: true,
		Linux:           types.PluginConfigLinux{Capabilities: p.Capabilities, AllowAllDevices: true, Devices: []types.PluginDevice{}},
		PropagatedMount: p.Data,
	}
	for _, folder := range p.Folders {
		c.Mounts = append(c.Mounts, types.PluginMount{
			Name: folder, Source: &folder, Destination: folder, Type: "bind",
			Options:  []string{"rbind", "rslave"}, // slave: it must hold nothing that the machine unmounts
			Settable: []string{},
		})
	}
	for _, e := range p.Env {
		settable := []string{}
		if e.Settable {
			settable = append(settable, "value")
		}
		c.Env = append(c.Env, types.PluginEnv{Name: e.Name, Description: e.Description, Value: &e.Value, Settable: settable})
	}
	text, err := json.MarshalIndent(c, "", "  ")
	return append(text, '\n'), err
}
