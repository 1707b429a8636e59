package doctor

import (
	"context"
	"encoding/json"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// pluginFiles are where an engine looks for plugins, in its order.
var pluginFiles = []string{
	"run/docker/plugins/*.sock", "run/docker/plugins/*/*.sock",
	"etc/docker/plugins/*.spec", "etc/docker/plugins/*.json", "usr/lib/docker/plugins/*.spec", "usr/lib/docker/plugins/*.json",
}

// plugins looks for plugins of the engine that are no more. It asks each of them
// whenever it may be meant, for 15 seconds each time: `docker volume ls` does it.
func (p *Probes) plugins(ctx context.Context) []Line {
	const name = "plugins"
	var lines []Line
	found := false
	for _, pattern := range pluginFiles {
		files, _ := fs.Glob(p.Root, pattern) // the patterns are good
		for _, file := range files {
			a := p.pluginAddress(file)
			if !a.here {
				continue
			}
			found = true
			if a.socket != "" {
				if err := p.Dial(a.socket); err != nil {
					lines = append(lines, Line{name, Warn, "/" + file + ": nobody answers, and the engine waits 15 s for it each time: " + err.Error(), "rm /" + file})
					continue
				}
			}
			if l, worse := a.worse(file); worse {
				lines = append(lines, l)
			}
		}
	}
	lines = append(lines, p.engineKnows(ctx)...)
	if lines == nil && found {
		lines = []Line{{name, OK, "every plugin of the engine answers", ""}}
	} else if lines == nil {
		lines = []Line{{name, OK, "the engine knows of none", ""}}
	}
	if marks, _ := fs.Glob(p.Root, "run/valelab/*/plugin.json"); len(marks) > 0 {
		lines = append(lines, p.pluginNetworks())
	}
	return lines
}

// pluginNetworks is what the machine means to the networks of a plugin.
func (p *Probes) pluginNetworks() Line {
	const name = "plugin networks"
	if p.noExec("/run") {
		return Line{name, Warn, "/run is mounted noexec: valelab's library and program, which netmap programs in containers bind from there, may not run",
			"mount -o remount,exec /run"}
	}
	return Line{name, OK, "frames between containers pass no firewall: the policy of the machine's FORWARD chain does not matter", ""}
}

// noExec says whether nothing may be executed from what is mounted at a path.
func (p *Probes) noExec(at string) (is bool) {
	mounts, _ := fs.ReadFile(p.Root, "proc/self/mountinfo") // not known, if it can't be read
	for line := range strings.Lines(string(mounts)) {
		// The fifth field is where, the sixth how; the last one mounted counts.
		if f := strings.Fields(line); len(f) > 5 && f[4] == at {
			is = slices.Contains(strings.Split(f[5], ","), "noexec")
		}
	}
	return is
}

// engineKnows is what the engine itself says of its plugins.
func (p *Probes) engineKnows(ctx context.Context) (lines []Line) {
	have, err := p.Plugins(ctx)
	if err != nil {
		return nil // the line of the engine says why
	}
	for _, plugin := range have.Disabled {
		lines = append(lines, Line{"plugins", Warn, plugin + " is installed and does not run: its networks don't work", "docker plugin enable " + plugin})
	}
	if len(have.Stranded) > 0 {
		lines = append(lines, Line{"plugins", Warn,
			"the engine could not start " + strings.Join(have.Stranded, ", ") + " with itself, for want of a plugin, and does not try again",
			"docker start " + strings.Join(have.Stranded, " ") + "; a plugin that runs before the engine: valelab plugin install"})
	}
	return lines
}

// pluginAddress is where a plugin listens, by a file of pluginFiles.
type pluginAddress struct {
	here   bool   // on this machine
	socket string // path; empty: it is a port
}

// worse says why a plugin would better have a socket where the engine finds it by
// itself.
func (a *pluginAddress) worse(file string) (Line, bool) {
	text := "the file stays when the plugin ends, and then the engine waits 15 s for it each time"
	switch {
	case a.socket == "":
		text = "every user of this machine can command the plugin, which is root: it listens at a port; and " + text
	case path.Ext(file) == ".sock":
		return Line{}, false
	}
	socket := strings.TrimSuffix(path.Base(file), path.Ext(file)) + ".sock"
	return Line{"plugins", Warn, "/" + file + ": " + text,
		"rm /" + file + ", and have the plugin listen at /run/docker/plugins/" + socket + ", as valelab plugin serve does"}, true
}

// pluginAddress reads a file of pluginFiles.
func (p *Probes) pluginAddress(file string) pluginAddress {
	base := path.Base(file)
	address := ""
	switch path.Ext(file) {
	case ".sock":
		// Sockets of plugins that the engine runs itself lie in folders called by numbers.
		dir := path.Base(path.Dir(file))
		return pluginAddress{dir == "plugins" || dir+".sock" == base, "/" + file}
	case ".spec":
		text, _ := fs.ReadFile(p.Root, file)
		address = strings.TrimSpace(string(text))
	case ".json":
		var plugin struct{ Addr string }
		text, _ := fs.ReadFile(p.Root, file)
		if json.Unmarshal(text, &plugin) == nil {
			address = plugin.Addr
		}
	}
	scheme, rest, _ := strings.Cut(address, "://")
	switch {
	case scheme == "unix":
		return pluginAddress{true, rest}
	case strings.HasPrefix(rest, "127.") || strings.HasPrefix(rest, "localhost:") || strings.HasPrefix(rest, "[::1]"):
		return pluginAddress{here: true}
	}
	return pluginAddress{} // elsewhere, and not ours to ask
}
