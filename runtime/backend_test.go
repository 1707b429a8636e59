package runtime_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/runtimetest"
)

// backendFile is a lab that either backend carries.
const backendFile = "name: all\nnetmap: BACKEND\nswitches: {s: {}}\nnodes:\n  a: {}\nlinks:\n  - [a:eth1, s]\n"

func backendLab(backend string) string { return strings.ReplaceAll(backendFile, "BACKEND", backend) }

// An auto takes the module where there is one, unless it can't carry the lab; and a lab that runs stays where it is.
func TestBackend(t *testing.T) {
	for name, c := range map[string]struct {
		text     string
		module   bool
		prepared bool
	}{
		"auto, module":      {backendLab("auto"), true, true},
		"auto, no module":   {backendLab("auto"), false, false},
		"kernel":            {backendLab("kernel"), true, true},
		"user":              {backendLab("user"), true, false},
		"auto, long frames": {strings.ReplaceAll(backendLab("auto"), "[a:eth1, s]", "{endpoints: [a:eth1, s], mtu: 9000}"), true, false},
		"auto, access":      {strings.ReplaceAll(backendLab("auto"), "a: {}", "a: {vale: [s]}"), true, true},
		"kernel, uplink":    {backendLab("kernel") + "  - [s, host:up0]\n", true, true},
	} {
		m, root := runtimetest.New("up0"), tempRoot(t)
		m.NetmapModule = c.module
		report := deploy(t, m, root, compile(t, c.text))
		if got := slices.Contains(report.Notes, "the module was prepared"); got != c.prepared {
			t.Errorf("%s: prepared %v, want %v", name, got, c.prepared)
		}
		if again := deploy(t, m, root, compile(t, c.text)); again.Changed != 0 {
			t.Errorf("%s: deploying again: %+v", name, again)
		}
	}
}

// An auto stays on what the lab runs on.
func TestBackendStays(t *testing.T) {
	m, root := runtimetest.New(), tempRoot(t)
	deploy(t, m, root, compile(t, backendLab("auto")))
	m.NetmapModule = true
	if report := deploy(t, m, root, compile(t, backendLab("auto"))); report.Changed != 0 || len(report.Notes) > 0 {
		t.Errorf("deploying again with a module: %+v", report)
	}
}

// What the module carries as the user-space switch does.
func TestBackendCarries(t *testing.T) {
	for what, text := range map[string]string{
		"host:": backendLab("kernel") + "  - [s, host:up0]\n",
		"vale:": strings.ReplaceAll(backendLab("kernel"), "a: {}", "a: {vale: [s]}"),
	} {
		m, root := runtimetest.New("up0"), tempRoot(t)
		m.NetmapModule = true
		before := m.Objects()
		deploy(t, m, root, compile(t, text))
		if again := deploy(t, m, root, compile(t, text)); again.Changed != 0 {
			t.Errorf("%s: deploying again: %+v", what, again)
		}
		if _, err := runtime.Destroy(t.Context(), root, "all", runtime.Options{Machine: m}); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		untouched(t, m, root, before)
	}
}

// Without the module, a lab that is to be on it is refused before anything is made.
func TestBackendRefused(t *testing.T) {
	m, root := runtimetest.New(), tempRoot(t)
	before := m.Objects()
	_, err := runtime.Deploy(t.Context(), root, compile(t, backendLab("kernel")), runtime.Options{Machine: m})
	if !errors.Is(err, runtime.ErrUnsupported) || !strings.Contains(err.Error(), "/dev/netmap") {
		t.Errorf("error %v, want ErrUnsupported", err)
	}
	untouched(t, m, root, before)
}

// A lab that runs is not moved to the other backend.
func TestBackendMove(t *testing.T) {
	m, root := runtimetest.New(), tempRoot(t)
	m.NetmapModule = true
	deploy(t, m, root, compile(t, backendLab("user")))
	_, err := runtime.Deploy(t.Context(), root, compile(t, backendLab("kernel")), runtime.Options{Machine: m})
	if err == nil || !strings.Contains(err.Error(), "can't be moved") {
		t.Errorf("error %v", err)
	}
}
