package docker

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/strslice"
	"github.com/docker/go-connections/nat"

	"github.com/valelab/valelab/netmap/preload"
	"github.com/valelab/valelab/runtime/docker/entry"
	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/topology"
)

// maxLog is the size in bytes at which the engine turns a container's log over,
// and logFiles the number of those that it keeps: as much as a process node has.
const (
	maxLog   = "10m"
	logFiles = "2"
)

// defaultPath is the PATH of an image that names none.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// config is what a container is made from.
type config struct {
	container *container.Config
	host      *container.HostConfig
}

// translate turns a plan's node into what the engine makes it from; security is
// what securityOpt says.
func translate(lab state.Dir, n *topology.Node, img *imageConfig, security []string) (*config, error) {
	c := &container.Config{
		Image: img.id, Hostname: n.Hostname, User: n.User, Env: env(n, img),
		Entrypoint:  strslice.StrSlice{entry.Program, entry.Word},
		Cmd:         command(n, img),
		Healthcheck: healthcheck(n.Healthcheck),
		Labels:      make(map[string]string, len(n.Labels)+4),
	}
	for _, l := range n.Labels {
		c.Labels[l.Key] = l.Value
	}
	h := &container.HostConfig{
		NetworkMode:   "none",
		RestartPolicy: restartPolicy(n.Restart),
		Binds:         binds(lab, n),
		Tmpfs:         tmpfs(n.Tmpfs),
		ShmSize:       n.ShmSize,
		CapAdd:        strslice.StrSlice(n.CapAdd),
		Sysctls:       sysctls(n.Sysctls),
		ExtraHosts:    hosts(n.Hosts),
		SecurityOpt:   security,
		LogConfig:     logConfig(),
		Resources: container.Resources{
			NanoCPUs: int64(n.CPU * 1e9), CpusetCpus: n.CPUSet, Memory: n.Memory,
		},
	}
	if n.Mgmt {
		h.NetworkMode = "default"
	}
	if n.DNS != nil {
		h.DNS, h.DNSSearch, h.DNSOptions = n.DNS.Servers, n.DNS.Search, n.DNS.Options
	}
	for _, d := range n.Devices {
		h.Devices = append(h.Devices, device(d))
	}
	exposed, bindings, err := nat.ParsePortSpecs(n.Ports)
	if err != nil {
		return nil, fmt.Errorf("ports: %w", err)
	}
	c.ExposedPorts, h.PortBindings = exposed, bindings
	conf := &config{c, h}
	digest, err := conf.digest()
	if err != nil {
		return nil, err
	}
	for key, value := range labels(lab, n.Name, digest) {
		c.Labels[key] = value
	}
	return conf, nil
}

// digest tells configurations apart.
func (c *config) digest() (string, error) {
	text, err := json.Marshal([]any{c.container, c.host})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16]), nil
}

// command is what the entrypoint becomes, as the engine would put it together: a
// lab file's entrypoint takes the place of the image's with its arguments.
func command(n *topology.Node, img *imageConfig) strslice.StrSlice {
	switch {
	case n.Entrypoint != nil:
		return slices.Concat(n.Entrypoint, n.Cmd)
	case n.Cmd != nil:
		return slices.Concat(img.entrypoint, n.Cmd)
	}
	return slices.Concat(img.entrypoint, img.cmd)
}

// env returns the node's variables, with the program on the PATH and the preload library. The engine
// adds those of the image.
func env(n *topology.Node, img *imageConfig) []string {
	path := defaultPath
	for _, variable := range slices.Concat(img.env, n.Env) {
		if value, ok := strings.CutPrefix(variable, "PATH="); ok {
			path = value
		}
	}
	own := slices.DeleteFunc(slices.Clone(n.Env), func(v string) bool { return strings.HasPrefix(v, "PATH=") })
	own = append(own, "PATH="+strings.TrimSuffix(entry.Bin+":"+path, ":"))
	if n.NoNetmap || !preload.Here() {
		return own
	}
	return preload.Environment(own, img.env)
}

// binds returns what is bound: what the node sees of valelab, which it can't
// change, and what the lab file says.
func binds(lab state.Dir, n *topology.Node) []string {
	all := []string{
		Folder(lab, n.Name) + ":" + entry.Folder + ":ro",
		binFolder(lab) + ":" + entry.Bin + ":ro",
	}
	return slices.Concat(all, n.Binds, n.Volumes)
}

// checkBinds refuses paths of the machine that do not exist: the engine would
// make folders of them.
func checkBinds(n *topology.Node) error {
	for _, bind := range n.Binds {
		source, _, two := strings.Cut(bind, ":")
		if !two {
			continue
		}
		if _, err := os.Stat(source); err != nil {
			return &Error{n.Name, fmt.Errorf("bind %s: %w", bind, err), "make " + source + ", or take the bind away"}
		}
	}
	return nil
}

func tmpfs(mounts []string) map[string]string {
	all := make(map[string]string, len(mounts))
	for _, m := range mounts {
		target, options, _ := strings.Cut(m, ":")
		all[target] = options
	}
	return all
}

// sysctls adds to the lab file's that interfaces speak IPv6, as those of process
// nodes do: the engine switches it off where it gives no address itself.
func sysctls(own []topology.KV) map[string]string {
	all := map[string]string{
		"net.ipv6.conf.all.disable_ipv6":     "0",
		"net.ipv6.conf.default.disable_ipv6": "0",
	}
	for _, s := range own {
		all[s.Key] = s.Value
	}
	return all
}

func hosts(lab []topology.Host) []string {
	var all []string
	for _, h := range lab {
		all = append(all, h.Name+":"+h.IP)
	}
	return all
}

func restartPolicy(p topology.RestartPolicy) container.RestartPolicy {
	return container.RestartPolicy{Name: container.RestartPolicyMode(p.Name), MaximumRetryCount: p.Max}
}

func healthcheck(h *topology.Healthcheck) *container.HealthConfig {
	if h == nil {
		return nil
	}
	return &container.HealthConfig{
		Test: h.Test, Retries: h.Retries,
		Interval:    time.Duration(h.Interval) * time.Second,
		Timeout:     time.Duration(h.Timeout) * time.Second,
		StartPeriod: time.Duration(h.StartPeriod) * time.Second,
	}
}

// device takes Docker's --device apart, which topology has checked.
func device(text string) container.DeviceMapping {
	parts := strings.Split(text, ":")
	d := container.DeviceMapping{PathOnHost: parts[0], PathInContainer: parts[0], CgroupPermissions: "rwm"}
	for _, part := range parts[1:] {
		if strings.HasPrefix(part, "/") {
			d.PathInContainer = part
		} else {
			d.CgroupPermissions = part
		}
	}
	return d
}

func logConfig() container.LogConfig {
	return container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": maxLog, "max-file": logFiles}}
}
