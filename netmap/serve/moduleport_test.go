package serve

import (
	"slices"
	"strings"
	"testing"
)

// Names on the module tell nodes apart, whatever these call their ports, and fit there.
func TestModulePortNames(t *testing.T) {
	names := []string{
		ModulePort("a", "x"), ModulePort("a", "y"), ModulePort("b", "x"), ModulePort("a", ""), ModulePort("ax", ""),
		modulePipe("a", "x"), modulePipe("b", "x"), modulePipe("a", "x-x"), modulePipe("a-x", "x"),
	}
	for _, name := range names {
		if len(name) > maxIfName || !isDevice(name) || isVALE(name) {
			t.Errorf("%q is no name for the module", name)
		}
	}
	if !strings.HasPrefix(names[0], ModulePorts("a")) || strings.HasPrefix(names[2], ModulePorts("a")) {
		t.Errorf("%q: whose are they?", names)
	}
	slices.Sort(names)
	if len(slices.Compact(names)) != 9 {
		t.Errorf("%q", names)
	}
}
