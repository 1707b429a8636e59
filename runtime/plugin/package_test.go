package plugin

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// packaged writes a package of the program that the test is given, a static one.
func packaged(t *testing.T, c Config) string {
	t.Helper()
	program := staticProgram(t)
	folder := filepath.Join(t.TempDir(), "plugin")
	for range 2 { // the same again
		if err := Package(folder, program, c); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// staticProgram writes an ELF file without an interpreter: a header and no more.
func staticProgram(t *testing.T) string {
	t.Helper()
	header := make([]byte, 64)
	copy(header, "\x7fELF\x02\x01\x01")
	header[16], header[18], header[20] = 2, 62, 1 // a program, for x86-64, of version 1
	header[52], header[54], header[58] = 64, 56, 64
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, header, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestConfig holds config.json to what an engine survives: it does not come up
// with a plugin that names something that is not there.
func TestConfig(t *testing.T) {
	folder := packaged(t, Config{Name: "nets"})
	text, err := os.ReadFile(filepath.Join(folder, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		Interface struct {
			Socket string
			Types  []string
		}
		Entrypoint []string
		Network    struct{ Type string }
		PidHost    bool
		Linux      struct {
			Capabilities    []string
			Devices         []any
			AllowAllDevices bool
		}
		Mounts []struct {
			Source, Destination, Type string
			Options                   []string
		}
		PropagatedMount string
		Env             []struct {
			Name, Value string
			Settable    []string
		}
	}
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	if len(c.Linux.Devices) > 0 {
		t.Errorf("devices %v: an engine that lacks one does not come up", c.Linux.Devices)
	}
	for _, m := range c.Mounts {
		if m.Source != "/run" && m.Source != "/dev" || m.Destination != m.Source || m.Type != "bind" || !slices.Contains(m.Options, "rslave") {
			t.Errorf("mount %+v", m)
		}
	}
	if !slices.Equal(c.Interface.Types, []string{"docker.networkdriver/1.0"}) || c.Interface.Socket != "nets.sock" {
		t.Errorf("interface %+v", c.Interface)
	}
	if c.Network.Type != "host" || !c.PidHost || !c.Linux.AllowAllDevices || len(c.Mounts) != 2 || c.PropagatedMount != "/data" {
		t.Errorf("config %+v", c)
	}
	if info, err := os.Stat(filepath.Join(folder, "rootfs", c.Entrypoint[0])); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("entrypoint: %v %v", info, err)
	}
	if info, err := os.Stat(filepath.Join(folder, "rootfs", c.PropagatedMount)); err != nil || !info.IsDir() {
		t.Errorf("data: %v %v", info, err)
	}
	if to, err := os.Readlink(filepath.Join(folder, "rootfs/var/run")); err != nil || to != "/run" {
		t.Errorf("var/run: %q %v", to, err)
	}
	env := make(map[string]string)
	for _, e := range c.Env {
		env[e.Name] = e.Value + strings.Join(e.Settable, "")
	}
	for name, want := range map[string]string{
		"VALELAB_PLUGIN_NAME": "nets", "VALELAB_PLUGIN_DRIVER": "nets:latest", "VALELAB_PLUGIN_DATA": "/data",
		"VALELAB_PLUGIN_SOCKET": "/run/docker/plugins/nets.sock", "VALELAB_RUN": "/run/valelabvalue",
		"DOCKER_HOST": "unix:///run/docker.sockvalue",
	} {
		if env[name] != want {
			t.Errorf("%s is %q, want %q", name, env[name], want)
		}
	}
}

// TestPackageRefuses is what must not become a plugin, or be written over.
func TestPackageRefuses(t *testing.T) {
	program := staticProgram(t)
	mine := t.TempDir()
	if err := os.WriteFile(filepath.Join(mine, "Dockerfile"), []byte("FROM me\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable() // a test is linked dynamically
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ folder, program, name, want string }{
		{mine, program, "nets", "there is something else in it"},
		{filepath.Join(t.TempDir(), "new"), self, "nets", "is not static; hint: make build"},
		{filepath.Join(t.TempDir(), "new"), "/dev/null", "nets", "program /dev/null"},
		{filepath.Join(t.TempDir(), "new"), program, "a/b", "a name is"},
	} {
		if err := Package(c.folder, c.program, Config{Name: c.name}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s of %s: %v, want %q", c.name, c.program, err, c.want)
		}
	}
	if text, err := os.ReadFile(filepath.Join(mine, "Dockerfile")); err != nil || string(text) != "FROM me\n" {
		t.Errorf("Dockerfile: %q %v", text, err)
	}
}

// TestComposeFile gives the container what config.json gives the plugin.
func TestComposeFile(t *testing.T) {
	folder := packaged(t, Config{
		Name: "nets", Data: "/var/lib/valelab-plugin/nets", Socket: DefaultSocket("nets"), Root: "/run/valelab",
	})
	text, err := os.ReadFile(filepath.Join(folder, "docker-compose.yml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"network_mode: host\n", "pid: host\n", "- /run:/run:rslave\n", "- /dev:/dev\n", "restart: always\n", "build: .\n", "cap_add: [NET_ADMIN, SYS_ADMIN, SYS_PTRACE]\n",
		"command: [--name, nets, --data, /var/lib/valelab-plugin/nets, --socket, /run/docker/plugins/nets.sock]\n",
		"DOCKER_HOST: unix:///run/docker.sock\n", "VALELAB_RUN: /run/valelab\n",
		"- /var/lib/valelab-plugin/nets:/var/lib/valelab-plugin/nets\n",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if _, err := os.Stat(filepath.Join(folder, "Dockerfile")); err != nil {
		t.Error(err)
	}
}
