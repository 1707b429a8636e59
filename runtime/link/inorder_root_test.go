package link

import (
	"math/bits"
	"os"
	"strconv"
	"strings"
	"testing"
)

// What comes by either end of a trunk is received by one processor, and so in the order in which it was sent.
func TestRootCableInOrder(t *testing.T) {
	n, other := open(t), open(t)
	if err := n.AddCable("tinordera", "tinorderb", 1500); err != nil {
		t.Fatal(err)
	}
	if err := n.AddUplinkCable("uinordera", "uinorderb", other.file, 1500, "valelab:test"); err != nil {
		t.Fatal(err)
	}
	for device, in := range map[string]*Namespace{"tinordera": n, "tinorderb": n, "uinordera": n, "uinorderb": other} {
		var mask string
		err := withSysfs(in.file, func() error {
			text, err := os.ReadFile(steering(device))
			mask = strings.TrimSpace(string(text))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		processors := 0
		for part := range strings.SplitSeq(mask, ",") {
			word, err := strconv.ParseUint(part, 16, 32)
			if err != nil {
				t.Fatalf("%s: %q: %v", device, mask, err)
			}
			processors += bits.OnesCount64(word)
		}
		if processors != 1 {
			t.Errorf("%s: processors %s, want one", device, mask)
		}
	}
	// The machine's own namespace has its /sys already.
	here, err := Current()
	if err != nil {
		t.Fatal(err)
	}
	defer here.Close()
	err = withSysfs(here.file, func() error {
		_, err := os.Stat("/sys/class/net/lo")
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if err := n.RemovePair("tinordera"); err != nil {
		t.Error(err)
	}
}
