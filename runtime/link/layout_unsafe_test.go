package link

import (
	"testing"
	"unsafe"
)

// The layouts are the kernel's.
func TestLayouts(t *testing.T) {
	for name, test := range map[string]struct{ got, want uintptr }{
		"struct ifreq":                      {unsafe.Sizeof(ifreq{}), 40},
		"ifr_data":                          {unsafe.Offsetof(ifreq{}.data), 16},
		"ethtool_sfeatures.features":        {unsafe.Offsetof(setFeatures{}.blocks), 8},
		"struct ethtool_set_features_block": {unsafe.Sizeof(setFeaturesBlock{}), 8},
		"struct bpf_insn":                   {unsafe.Sizeof(instruction{}), 8},
		"bpf_attr.prog_name":                {unsafe.Offsetof(loadAttr{}.name), 48},
	} {
		if test.got != test.want {
			t.Errorf("%s: %d, want %d", name, test.got, test.want)
		}
	}
}
