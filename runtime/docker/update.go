package docker

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/docker/docker/api/types/container"

	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/topology"
)

// Update gives a container that runs the limits and the lab's names that the
// node has now.
func (e *Engine) Update(ctx context.Context, lab state.Dir, n *topology.Node) error {
	r, err := ReadRecord(lab, n.Name)
	if err != nil {
		return err
	}
	c, err := e.api()
	if err != nil {
		return fail(n.Name, err)
	}
	ctx, cancel := steadfast(ctx)
	defer cancel()
	limits := container.UpdateConfig{Resources: container.Resources{
		NanoCPUs: int64(n.CPU * 1e9), Memory: n.Memory, MemorySwap: swap(n.Memory),
	}, RestartPolicy: restartPolicy(n.Restart)}
	if _, err := c.ContainerUpdate(ctx, r.ID, limits); err != nil {
		return fail(n.Name, err)
	}
	return fail(n.Name, e.writeHosts(ctx, r.ID, n.Hosts))
}

// swap is the limit of memory and swap together, as the engine sets it when it
// is given the one of memory alone.
func swap(memory int64) int64 { return 2 * memory }

// hostsMark is what the lines of a lab's names end with in a container's
// /etc/hosts, once they have been replaced.
const hostsMark = "\t# valelab"

// writeHosts replaces the lab's names in a container's /etc/hosts, which is a
// file of the engine's. It is written in place: the container has it bound.
func (e *Engine) writeHosts(ctx context.Context, id string, hosts []topology.Host) error {
	have, err := e.client.ContainerInspect(ctx, id)
	if err != nil {
		return err
	}
	if have.ContainerJSONBase == nil || have.HostConfig == nil || !filepath.IsAbs(have.HostsPath) {
		return errors.New("engine: says nothing about the container's hosts file")
	}
	old, err := os.ReadFile(have.HostsPath)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(have.HostsPath, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(replaceHosts(string(old), have.HostConfig.ExtraHosts, hosts))
	return errors.Join(err, f.Close())
}

// replaceHosts returns a hosts file with the lab's names as they are now. The
// old ones are those that the engine wrote from extra ("name:ip"), and those
// with our mark.
func replaceHosts(file string, extra []string, hosts []topology.Host) string {
	old := make(map[string]bool)
	for _, e := range extra {
		name, ip, _ := strings.Cut(e, ":")
		old[ip+"\t"+name] = true
	}
	var b strings.Builder
	for line := range strings.Lines(file) {
		if text := strings.TrimRight(line, "\n"); !old[text] && !strings.HasSuffix(text, hostsMark) {
			b.WriteString(text + "\n")
		}
	}
	for _, h := range hosts {
		b.WriteString(h.IP + "\t" + h.Name + hostsMark + "\n")
	}
	return b.String()
}
