package netmap

import (
	"errors"
	"strings"
	"testing"

	"github.com/valelab/valelab/netmap/internal/abi"
)

func TestParseName(t *testing.T) {
	for name, want := range map[string]target{
		"netmap:eth1":            {"eth1", abi.NR_REG_ALL_NIC, 0, 0},
		"netmap:eth1^":           {"eth1", abi.NR_REG_SW, 0, 0},
		"netmap:eth1*":           {"eth1", abi.NR_REG_NIC_SW, 0, 0},
		"netmap:eth1-0":          {"eth1", abi.NR_REG_ONE_NIC, 0, 0},
		"netmap:eth1-15":         {"eth1", abi.NR_REG_ONE_NIC, 15, 0},
		"netmap:eth1/T":          {"eth1", abi.NR_REG_ALL_NIC, 0, abi.NR_TX_RINGS_ONLY},
		"netmap:eth1^/xR":        {"eth1", abi.NR_REG_SW, 0, abi.NR_EXCLUSIVE | abi.NR_RX_RINGS_ONLY},
		"netmap:fifteen-":        {}, // the hyphen starts a ring number
		"netmap:abcdefghijklmno": {"abcdefghijklmno", abi.NR_REG_ALL_NIC, 0, 0},
		"netmap:eth1.20":         {"eth1.20", abi.NR_REG_ALL_NIC, 0, 0},
		"vale0:eth1":             {"vale0:eth1", abi.NR_REG_ALL_NIC, 0, 0},
		"vale_1:x-1/T":           {"vale_1:x", abi.NR_REG_ONE_NIC, 1, abi.NR_TX_RINGS_ONLY},

		"":                        {},
		"eth1":                    {},
		"vale0":                   {},
		"vale0:":                  {},
		"vale-0:x":                {},
		"vale0:a:b":               {},
		"valeabcdefghijkl:x":      {},
		"bridge:x":                {},
		"netmap:":                 {},
		"netmap:^":                {},
		"netmap:/x":               {},
		"netmap:abcdefghijklmnop": {},
		"netmap:eth1{0":           {},
		"netmap:eth1}0":           {},
		"netmap:eth1@3":           {},
		"netmap:eth1^^":           {},
		"netmap:eth1--1":          {},
		"netmap:eth1-+1":          {},
		"netmap:eth1-5000":        {},
		"netmap:eth1/q":           {},
		"netmap:eth1/RT":          {},
		"netmap:eth 1":            {},
		"netmap:eth1\x00":         {},
	} {
		got, err := parseName(name)
		if got != want || (err == nil) == (want == target{}) {
			t.Errorf("%q: %+v, %v", name, got, err)
		}
		if err != nil && !errors.Is(err, ErrName) {
			t.Errorf("%q: %v is not ErrName", name, err)
		}
	}
}

// FuzzParseName: a name is refused, or its interface can be one and the name starts with it.
func FuzzParseName(f *testing.F) {
	for _, s := range []string{"netmap:eth1", "netmap:eth1^/xR", "netmap:eth1-3", "netmap:eth1*", "vale0:a", "netmap:"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := parseName(s)
		if (err == nil) == (got == target{}) {
			t.Fatalf("%+v, %v", got, err)
		}
		if err == nil && (got.iface == "" || len(got.iface) > 2*maxInterface+1 || !strings.HasPrefix(strings.TrimPrefix(s, "netmap:"), got.iface)) {
			t.Errorf("interface %q", got.iface)
		}
	})
}
