package plugin

import (
	"fmt"

	"github.com/valelab/valelab/runtime/docker"
)

// managedData is the plugin's own folder where an engine runs it.
const managedData = "/data"

// entrypoint runs the plugin in a package's root file system.
var entrypoint = []string{"/valelab", "plugin", "serve"}

// managed is a plugin of that name as an engine runs it itself, and calls it
// driver. The folders are those that no machine lacks.
func managed(name, driver string) *docker.ManagedPlugin {
	return &docker.ManagedPlugin{
		Description:   "Networks with VALE switches, for sockets and netmap programs",
		Documentation: "https://github.com/valelab/valelab",
		Socket:        name + ".sock",
		Entrypoint:    entrypoint,
		// For devices; for namespaces; for those of containers that have more than it has.
		Capabilities: []string{"CAP_NET_ADMIN", "CAP_SYS_ADMIN", "CAP_SYS_PTRACE"},
		// Labs, the engine's socket, containers' namespaces; /dev/netmap, once there is one.
		Folders: []string{"/run", "/dev"},
		Data:    managedData,
		Env: []docker.PluginEnv{
			{Name: "VALELAB_PLUGIN_NAME", Value: name, Description: "what the plugin's lab is called"},
			{Name: "VALELAB_PLUGIN_DRIVER", Value: driver, Description: "what engines call the plugin"},
			{Name: "VALELAB_PLUGIN_DATA", Value: managedData, Description: "where networks are written down"},
			{Name: "VALELAB_PLUGIN_SOCKET", Value: DefaultSocket(name), Description: "where the engine finds it"},
			{Name: "VALELAB_RUN", Value: "/run/valelab", Settable: true, Description: "where labs are, below /run"},
			{Name: "DOCKER_HOST", Value: DefaultEngine, Settable: true, Description: "the engine, by a socket below /run"},
		},
	}
}

// ManagedDriver is what an engine calls a plugin that it runs itself.
func ManagedDriver(name string) string { return name + ":latest" }

// composeFile is the text of a Compose file that runs the plugin as an ordinary
// container, for those who want to see its log and its processes.
func composeFile(c Config) string {
	return fmt.Sprintf(`# The plugin %[1]s as an ordinary container. Made by: valelab plugin package
#   docker-compose up -d --build       # or docker compose; no registry is asked
# Its switches end with the container, and are made anew when it starts again.
version: "2.4"

services:
  plugin:
    build: .
    image: valelab-plugin
    container_name: %[1]s-plugin
    command: [--name, %[1]s, --data, %[2]s, --socket, %[3]s]
    environment:
      VALELAB_RUN: %[4]s
      DOCKER_HOST: %[5]s
    restart: always
    network_mode: host
    pid: host
    cap_add: [NET_ADMIN, SYS_ADMIN, SYS_PTRACE]
    security_opt: [apparmor=unconfined, seccomp=unconfined]
    device_cgroup_rules: ["c *:* rwm"]   # /dev/netmap, once there is one
    volumes:
      - /run:/run:rslave
      - /dev:/dev
      - %[2]s:%[2]s
`, c.Name, c.Data, c.Socket, c.Root, c.Engine)
}

// dockerfile makes the image of the Compose file.
const dockerfile = `FROM scratch
COPY rootfs /
ENTRYPOINT ["/valelab", "plugin", "serve"]
`
