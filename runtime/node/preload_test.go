package node

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/valelab/valelab/netmap/bench/standalone"
)

// library builds the preload library, which a test's program does not have to carry.
func library(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "libnetmap.so")
	if out, err := exec.Command("../../netmap/preload/build.sh", path).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// The library comes before what else the lab file wants to be loaded.
func TestPreloadEnvironment(t *testing.T) {
	for given, want := range map[string]string{
		"":                     "LD_PRELOAD=/run/valelab/bin/libnetmap.so",
		"LD_PRELOAD=":          "LD_PRELOAD=/run/valelab/bin/libnetmap.so",
		"LD_PRELOAD=/lib/a.so": "LD_PRELOAD=/run/valelab/bin/libnetmap.so:/lib/a.so",
	} {
		cfg := Config{Name: "a", Preload: []byte{1}}
		if given != "" {
			cfg.Env = []string{given}
		}
		env := environment(&cfg, "/root")
		if !slices.Contains(env, want) {
			t.Errorf("%q: %q", given, env)
		}
		cfg.Preload = nil
		if env := environment(&cfg, "/root"); slices.Contains(env, want) {
			t.Errorf("%q, without the library: %q", given, env)
		}
	}
}

// A node's programs find the device where there is a switch, with the library as any user of the node, and static
// ones by the supervisor; without the library they do not.
func TestRootPreload(t *testing.T) {
	static := filepath.Join(t.TempDir(), "static")
	source := filepath.Join(t.TempDir(), "static.c")
	err := os.WriteFile(source, []byte(`#include <fcntl.h>
		int main(void) { return open("/dev/netmap", O_RDWR) < 0; }`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{filepath.Dir(static), filepath.Dir(filepath.Dir(static))} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("gcc", "-static", "-o", static, source).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	const device = "test -c /dev/netmap && exec 9<>/dev/netmap && echo there"
	for _, withheld := range []bool{false, true} {
		cfg := Config{LabDir: labDir(t), User: "nobody"}
		if !withheld {
			cfg.Preload = library(t)
		}
		run(t, cfg)
		socket := filepath.Join(publicDir(cfg.LabDir, "n"), "netmap.sock")
		server, err := standalone.Start(standalone.Config{Socket: socket})
		if err == nil {
			err = os.Chmod(socket, 0o666)
		}
		if err != nil {
			t.Fatal(err)
		}
		out, err := inNode(t, cfg.LabDir, "/bin/sh", "-c", device).CombinedOutput()
		if got := strings.Contains(string(out), "there"); got == withheld {
			t.Errorf("withheld %v: shell: %q, %v", withheld, out, err)
		}
		out, err = inNode(t, cfg.LabDir, static).CombinedOutput()
		if (err == nil) == withheld {
			t.Errorf("withheld %v: static program: %q, %v", withheld, out, err)
		}
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	}
}
