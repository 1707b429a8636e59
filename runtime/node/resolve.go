package node

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Bounds of the kernel, in bytes: of a network device's ifalias and of a host
// name.
const (
	maxAlias    = 255
	maxHostname = 64
)

// engineSockets are the control sockets of container engines where /var/run is
// a folder of its own; a node has its own /run anyway.
var engineSockets = []string{
	"/var/run/docker.sock", "/var/run/docker", "/var/run/containerd", "/var/run/podman",
}

func (cfg *Config) hostname() string {
	if cfg.Hostname != "" {
		return cfg.Hostname
	}
	return cfg.Name
}

// alias marks the node's network namespace, on its lo.
func (cfg *Config) alias() string { return "valelab:" + cfg.LabDir + ":" + cfg.Name }

// check refuses what can't be a node, before anything is made.
func (cfg *Config) check() error {
	switch {
	case !filepath.IsAbs(cfg.LabDir) || filepath.Clean(cfg.LabDir) != cfg.LabDir || cfg.LabDir == "/":
		return fmt.Errorf("lab folder %q: want a clean absolute path", cfg.LabDir)
	case cfg.Name == "" || cfg.Name == "." || cfg.Name == ".." || strings.ContainsAny(cfg.Name, "/\x00"):
		return fmt.Errorf("name %q: can't be the name of a folder", cfg.Name)
	case len(cfg.alias()) > maxAlias:
		return fmt.Errorf("lab folder %s: too long by %d bytes to mark namespaces with", cfg.LabDir, len(cfg.alias())-maxAlias)
	case len(cfg.hostname()) > maxHostname:
		return fmt.Errorf("hostname %s: longer than %d bytes", cfg.hostname(), maxHostname)
	case cfg.StartupDelay < 0 || cfg.RestartMax < 0 || uint64(cfg.RestartMax) > 1<<31:
		return errors.New("startup-delay and restarts can't be negative or huge")
	case cfg.Dir != "" && !filepath.IsAbs(cfg.Dir):
		return fmt.Errorf("working folder %s: want an absolute path", cfg.Dir)
	}
	for _, variable := range cfg.Env {
		if strings.Index(variable, "=") < 1 {
			return fmt.Errorf("env %q: want KEY=VALUE", variable)
		}
	}
	for _, path := range cfg.Masks {
		if !filepath.IsAbs(path) {
			return fmt.Errorf("mask %s: want an absolute path", path)
		}
	}
	for _, s := range slices.Concat(cfg.Argv, cfg.Env, cfg.Masks, []string{cfg.hostname(), cfg.Dir}) {
		if strings.Contains(s, "\x00") {
			return fmt.Errorf("%q: holds a zero byte", s)
		}
	}
	return nil
}

// resolve checks a configuration and turns it into the records for init.
func (cfg *Config) resolve() ([]record, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	who, err := machineUsers.lookup(cfg.User)
	if err != nil {
		return nil, err
	}
	caps, err := capabilities(cfg.CapAdd)
	if err != nil {
		return nil, err
	}
	restart, err := cfg.Restart.number()
	if err != nil {
		return nil, err
	}
	settings, err := cfg.settings()
	if err != nil {
		return nil, err
	}
	records := []record{
		text(recordHostname, cfg.hostname()),
		text(recordAlias, cfg.alias()),
		text(recordDir, filepath.Join("/", cfg.Dir)),
		number32(recordUID, who.uid),
		number32(recordGID, who.gid),
		numbers32(recordGroups, who.groups),
		number64(recordCaps, caps),
		number32(recordRestart, restart),
		number32(recordRestartMax, uint32(cfg.RestartMax)),
		number64(recordDelay, uint64(cfg.StartupDelay.Milliseconds())),
		number64(recordLogMax, maxLog),
	}
	records = append(records, settings...)
	records = append(records, texts(recordMask, cfg.masks())...)
	env := environment(cfg, who.home)
	records = append(records, texts(recordArg, withNetmap(cfg.Argv, env))...)
	records = append(records, texts(recordEnv, env)...)
	if cfg.Cgroup != nil {
		records = append(records, texts(recordCgroup, cfg.Cgroup.Folders())...)
	}
	return records, nil
}

// masks returns every path that the node must not see. A state root in /run is
// covered by the node's own /run already, where /run/valelab is the node's.
func (cfg *Config) masks() []string {
	masks := append([]string{"/var/lib/valelab"}, engineSockets...)
	if root := filepath.Dir(cfg.LabDir); !strings.HasPrefix(root+"/", "/run/") {
		masks = append(masks, root)
	}
	return append(masks, cfg.Masks...)
}

// settings returns the records for the fields that have a syntax of their own.
func (cfg *Config) settings() ([]record, error) {
	var records []record
	if cfg.CPUSet != "" {
		cpus, err := parseCPUs(cfg.CPUSet)
		if err != nil {
			return nil, err
		}
		records = append(records, record{recordCPUs, cpus})
	}
	for _, setting := range cfg.Sysctls {
		path, err := sysctlPath(setting.Name)
		if err != nil {
			return nil, err
		}
		if strings.Contains(setting.Value, "\x00") {
			return nil, fmt.Errorf("sysctl %s: value %q holds a zero byte", setting.Name, setting.Value)
		}
		records = append(records, text(recordSysctl, path+"="+setting.Value))
	}
	return records, nil
}
