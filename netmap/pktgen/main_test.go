package pktgen

import (
	"strings"
	"testing"
)

func TestMainUsage(t *testing.T) {
	for _, test := range []struct {
		args string
		want string // on standard error
	}{
		{"", "usage: "},
		{"blast", "valelab: pktgen has no program \"blast\"\nhint: valelab pktgen help\n"},
		{"tx", "valelab: tx takes one port: -i netmap:eth1\nhint: valelab pktgen tx --help\n"},
		{"forward -i netmap:a", "valelab: forward takes two ports: -i netmap:eth1 -i netmap:eth2\n"},
		{"rx -i netmap:a -i netmap:b", "valelab: rx takes one port: -i netmap:eth1\n"},
		{"tx -i netmap:a more", "valelab: \"more\" is not a flag\n"},
		{"tx -i netmap:a --rate 1e9", `valelab: --rate: "1e9" is not a rate`},
		{"tx -i netmap:a --vlan 4095", `valelab: --vlan: "4095" is not a number from 1 to 4094`},
		{"tx -i netmap:a --dst-mac 1", `valelab: --dst-mac: "1" is not an Ethernet address`},
		{"tx -i netmap:a --dst-ip 10.0.0", `valelab: --dst-ip: "10.0.0" is not an IP address`},
		{"tx -i netmap:a --src-port 0", `valelab: --src-port: "0" is not`},
		{"tx -i netmap:a --size -1", `valelab: --size: "-1" is not`},
		{"tx -i netmap:a --format xml", `valelab: --format: "xml" is neither text nor json`},
		{"tx -i netmap:a --duration -1s", "valelab: a time is negative\n"},
		{"rx -i netmap:a --fast", "valelab: there is no flag --fast\n"},
	} {
		status, stdout, stderr := runMain(t, strings.Fields(test.args)...)
		if status != 2 || stdout != "" || !strings.HasPrefix(stderr, test.want) {
			t.Errorf("%q: status %d\n%s%s\nwant\n%s", test.args, status, stdout, stderr, test.want)
		}
	}
}

func TestMainHelp(t *testing.T) {
	for _, args := range [][]string{{"help"}, {"--help"}, {"tx", "--help"}, {"ping", "-h"}, {"forward", "-i", "netmap:a", "-help"}} {
		status, stdout, stderr := runMain(t, args...)
		if status != 0 || !strings.HasPrefix(stdout, "usage: valelab pktgen") || stderr != "" {
			t.Errorf("%v: status %d\n%s%s", args, status, stdout, stderr)
		}
	}
}

// What can't begin is said in one line, with a hint, and without a summary.
func TestMainNoSwitch(t *testing.T) {
	t.Setenv("VALELAB_NETMAP", t.TempDir()+"/netmap.sock")
	status, stdout, stderr := runMain(t, "rx", "-i", "netmap:eth1")
	if status != 1 || stdout != "" || !strings.HasPrefix(stderr, "valelab: open netmap:eth1: ") ||
		!strings.Contains(stderr, "\nhint: ") || strings.Count(stderr, "\n") != 2 {
		t.Errorf("status %d\n%s%s", status, stdout, stderr)
	}
}
