package doctor

import (
	"encoding/json"
	"io/fs"
	"path"
	"strings"
)

// pluginFiles are where the engine looks for plugins that run by themselves: sockets, and files that name one.
var pluginFiles = []string{
	"run/docker/plugins/*.sock", "run/docker/plugins/*/*.sock",
	"etc/docker/plugins/*.spec", "etc/docker/plugins/*.json", "usr/lib/docker/plugins/*.spec", "usr/lib/docker/plugins/*.json",
}

// plugins looks for plugins that the engine knows of and that do not answer. It waits 15 seconds for each at every
// turn: `docker volume ls` is one.
func (p *Probes) plugins() []Line {
	var lines []Line
	found := false
	for _, pattern := range pluginFiles {
		files, _ := fs.Glob(p.Root, pattern) // the patterns are good
		for _, file := range files {
			socket, ok := p.pluginSocket(file)
			if !ok {
				continue
			}
			found = true
			if err := p.Dial(socket); err != nil {
				lines = append(lines, Line{"plugins", Warn, "/" + file + ": nobody answers, and the engine waits 15 s for it each time: " + err.Error(), "rm /" + file})
			}
		}
	}
	if lines == nil && found {
		lines = []Line{{"plugins", OK, "every plugin of the engine answers", ""}}
	} else if lines == nil {
		lines = []Line{{"plugins", OK, "the engine knows of none", ""}}
	}
	return lines
}

// pluginSocket is the Unix socket that a file is, or names. A folder below holds only the socket that is called as
// itself; others belong to plugins that the engine runs.
func (p *Probes) pluginSocket(file string) (string, bool) {
	base := path.Base(file)
	address := ""
	switch path.Ext(file) {
	case ".sock":
		dir := path.Base(path.Dir(file))
		return "/" + file, dir == "plugins" || dir+".sock" == base
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
	return strings.CutPrefix(address, "unix://") // others are elsewhere, and not ours to ask
}
