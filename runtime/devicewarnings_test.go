package runtime_test

import (
	"strings"
	"testing"

	"github.com/valelab/valelab/runtime/runtimetest"
)

// A node that gets netmap's device is deployed, and the user is told what it gives away.
func TestDeployWarnsOfNetmapDevice(t *testing.T) {
	for device, warns := range map[string]bool{
		"/dev/netmap": true, "/dev/netmap:/dev/x:rw": true, "/dev/./netmap": true, "/dev": true, "/dev/:/d": true,
		"/dev/null": false, "/dev/netmap0": false, "/dev/net": false, "/dev/null:/dev/netmap": false,
	} {
		for _, backend := range []string{"user", "kernel"} {
			m := runtimetest.New()
			m.NetmapModule = true
			plan := compile(t, "name: all\nnetmap: "+backend+"\nnodes:\n  c: {image: demo, devices: ['"+device+"']}\n")
			notes := strings.Join(deploy(t, m, tempRoot(t), plan).Notes, "\n")
			if got := strings.Contains(notes, "node c has /dev/netmap (devices: ["+device+"]): its programs can read and write the memory of every netmap port"); got != warns {
				t.Errorf("%s, netmap: %s: notes %q", device, backend, notes)
			}
		}
	}
}
