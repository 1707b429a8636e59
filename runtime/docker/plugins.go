package docker

import (
	"context"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
)

// Plugins is what is wrong with an engine's network plugins.
type Plugins struct {
	// Disabled are those that it has, and does not run.
	Disabled []string
	// Stranded are containers that it was to start with itself, and could not,
	// because of a plugin that was not there yet. It does not try again.
	Stranded []string
}

// maxLooked bounds the containers that Plugins asks after.
const maxLooked = 100

// Plugins looks at the engine's network plugins.
func (e *Engine) Plugins(ctx context.Context) (Plugins, error) {
	c, err := e.api()
	if err != nil {
		return Plugins{}, explain(err)
	}
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	var p Plugins
	list, err := c.PluginList(ctx, filters.NewArgs(filters.Arg("capability", "networkdriver")))
	if err != nil {
		return p, explain(err)
	}
	for _, plugin := range list {
		if !plugin.Enabled {
			p.Disabled = append(p.Disabled, plugin.Name)
		}
	}
	ended, err := c.ContainerList(ctx, container.ListOptions{All: true, Limit: maxLooked, Filters: filters.NewArgs(filters.Arg("status", "exited"))})
	if err != nil {
		return p, explain(err)
	}
	for _, s := range ended {
		have, err := c.ContainerInspect(ctx, s.ID)
		if isNotFound(err) {
			continue
		}
		if err != nil {
			return p, explain(err)
		}
		if isStranded(have.ContainerJSONBase) {
			p.Stranded = append(p.Stranded, strings.TrimPrefix(have.Name, "/"))
		}
	}
	slices.Sort(p.Disabled)
	slices.Sort(p.Stranded)
	return p, nil
}

// isStranded says whether a container has not come up with the engine for want
// of a plugin. Engines tell of it in words, which name the plugin's socket or the
// folder of sockets.
func isStranded(c *container.ContainerJSONBase) bool {
	return c != nil && c.State != nil && c.HostConfig != nil && !c.State.Running &&
		(c.HostConfig.RestartPolicy.IsAlways() || c.HostConfig.RestartPolicy.IsUnlessStopped()) &&
		strings.Contains(c.State.Error, "plugin")
}
