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
		{"tx", "valelab: tx takes -i 1 times, not 0\nhint: valelab pktgen tx --help\n"},
		{"forward -i netmap:a", "valelab: forward takes -i 2 times, not 1\n"},
		{"rx -i netmap:a -i netmap:b", "valelab: rx takes -i 1 times, not 2\n"},
		{"tx -i netmap:a more", "valelab: \"more\" is not a flag\n"},
		{"tx -i netmap:a --rate 1e9", `valelab: invalid value "1e9" for flag -rate: "1e9" is not a rate`},
		{"tx -i netmap:a --vlan 4095", `valelab: invalid value "4095" for flag -vlan: "4095" is not a number from 1 to 4094`},
		{"tx -i netmap:a --dst-mac 1", `valelab: invalid value "1" for flag -dst-mac: "1" is not an Ethernet address`},
		{"tx -i netmap:a --dst-ip 10.0.0", `valelab: invalid value "10.0.0" for flag -dst-ip: ParseAddr`},
		{"tx -i netmap:a --src-port 0", `valelab: invalid value "0" for flag -src-port`},
		{"tx -i netmap:a --size -1", `valelab: invalid value "-1" for flag -size`},
		{"tx -i netmap:a --format xml", `valelab: invalid value "xml" for flag -format: "xml" is neither text nor json`},
		{"tx -i netmap:a --duration -1s", "valelab: a time is negative\n"},
		{"rx -i netmap:a --fast", "valelab: flag provided but not defined: -fast\n"},
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
