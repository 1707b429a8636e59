package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/valelab/valelab/runtime/plugin"
	"github.com/valelab/valelab/runtime/state"
)

const pluginHelp = `The plugin gives the Docker engine networks whose switches are valelab's:

  docker network create -d valelab --subnet 10.9.0.0/24 mynet
  docker run --network mynet IMAGE

  serve            be the plugin until interrupted; networks and their traffic stay
  status           list the networks and the interfaces of containers on them
  install          make it a service of systemd, and start it; --dry-run says how
  unit             print the systemd unit of that service
  package FOLDER   write what an engine runs itself (config.json and rootfs, as in
                   make plugin), and a Compose file to run it as a container
  gc               remove what a plugin that does not run has left
`

// pluginVerbs are the words of plugin.
var pluginVerbs = []string{"serve", "status", "install", "unit", "package", "gc"}

// pluginFlags are those of all words of plugin.
type pluginFlags struct {
	name, driver, socket, data, engine *string
}

func pluginCommand(fs *flag.FlagSet) runFunc {
	f := pluginFlags{
		name:   fs.String("name", envOr("VALELAB_PLUGIN_NAME", plugin.DefaultName), "what the plugin and its lab are called, as in docker network create -d `NAME`"),
		driver: fs.String("driver", os.Getenv("VALELAB_PLUGIN_DRIVER"), "`NAME` that engines list for its networks, where that is another one"),
		socket: fs.String("socket", os.Getenv("VALELAB_PLUGIN_SOCKET"), "`PATH` of the socket that engines find it at; left out, /run/docker/plugins/NAME.sock"),
		data:   fs.String("data", os.Getenv("VALELAB_PLUGIN_DATA"), "`FOLDER` of its own that outlives a reboot; left out, /var/lib/valelab-plugin/NAME"),
		engine: fs.String("engine", "", "`ADDRESS` of the engine, as in unix:///var/run/docker.sock; left out, DOCKER_HOST or that one"),
	}
	units := fs.String("units", "/etc/systemd/system", "install: `FOLDER` of systemd's units")
	dryRun := fs.Bool("dry-run", false, "install: say what would be done, and do nothing")
	format := formatFlag(fs)
	return func(ctx context.Context, s streams, words []string) error {
		word, folder, err := pluginWords(words)
		if err != nil {
			return err
		}
		if err := plugin.CheckName(*f.name); err != nil {
			return usagef("", "%w", err)
		}
		switch word {
		case "serve":
			return plugin.Serve(ctx, f.config(s))
		case "status":
			return pluginStatus(s, f.config(s), *format)
		case "install":
			return pluginInstall(ctx, s, f.config(s), *units, *dryRun)
		case "unit":
			program, err := os.Executable()
			if err != nil {
				return err
			}
			_, err = io.WriteString(s.out, plugin.Unit(f.config(s), program))
			return err
		case "package":
			program, err := os.Executable()
			if err != nil {
				return err
			}
			return plugin.Package(folder, program, f.config(s))
		case "gc":
			found, err := plugin.Collect(ctx, f.config(s))
			if err == nil && !found {
				fmt.Fprintf(s.err, "the plugin %s has left nothing\n", *f.name)
			}
			return err
		case "":
			return usagef("", "plugin: a word is missing, such as serve")
		}
		return usagef("", "plugin: there is no %q", word)
	}
}

// config is what the flags say.
func (f pluginFlags) config(s streams) plugin.Config {
	c := plugin.Config{
		Name: *f.name, Driver: *f.driver, Root: state.FindRoot(), Data: *f.data, Socket: *f.socket, Engine: *f.engine,
		Log: slog.New(slog.NewTextHandler(s.err, nil)),
	}
	if c.Data == "" {
		c.Data = plugin.DefaultData(c.Name)
	}
	if c.Socket == "" {
		c.Socket = plugin.DefaultSocket(c.Name)
	}
	return c
}

// pluginStatus lists what a plugin has written down.
func pluginStatus(s streams, c plugin.Config, f format) error {
	networks, endpoints, err := plugin.Status(c)
	if err != nil {
		return err
	}
	if f == formatJSON {
		return writeJSON(s.out, map[string]any{
			"networks": append([]plugin.Network{}, networks...), "endpoints": append([]plugin.Endpoint{}, endpoints...), // [], not null
		})
	}
	t := newTable("NETWORK", "SWITCH", "NETMAP", "SUBNETS", "MTU", "HOST", "UPLINK")
	names := make(map[string]string)
	for _, n := range networks {
		names[n.ID] = n.Label()
		var pools []string
		for _, subnet := range n.Subnets {
			pools = append(pools, subnet.Pool)
		}
		host := ""
		if n.Options.Host {
			host = "on"
		}
		t.row(n.Label(), n.Options.Switch, n.Backend(), strings.Join(pools, " "), n.Options.MTU, host, n.Options.Uplink)
	}
	if err := t.write(s.out); err != nil || len(endpoints) == 0 {
		return err
	}
	fmt.Fprintln(s.out)
	t = newTable("CONTAINER", "INTERFACE", "NETWORK", "MAC", "ADDRESSES")
	for _, e := range endpoints {
		t.row(e.Container, e.Inside, names[e.Network], e.MAC, strings.TrimSpace(e.IPv4+" "+e.IPv6))
	}
	return t.write(s.out)
}

// envOr is an environment variable's value, or another one.
func envOr(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}
