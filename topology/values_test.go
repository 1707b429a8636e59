package topology

import (
	"testing"
)

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "1": 1, "100b": 100, "100 B": 100,
		"1k": 1024, "1m": 1 << 20, "1G": 1 << 30, "2t": 2 << 40,
		"1kb": 1000, "256mb": 256000000, "1Gb": 1000000000, "1 TB": 1e12,
		"1kib": 1024, "512MiB": 512 << 20, "4GiB": 4 << 30, "1tib": 1 << 40,
		"1.5g": 3 << 29, ".5k": 512, "0.0001k": 0,
	} {
		if got, err := parseSize(text); err != nil || got != want {
			t.Errorf("%q: got %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "b", "-1", "+1", "1e3", "0x10", "1_000", "1,5g", "1gbit", "1 000", "1..2", "9999999t", "inf", "NaN", "1m "} {
		if got, err := parseSize(text); err == nil {
			t.Errorf("%q: got %d, want an error", text, got)
		}
	}
}

func TestParseMAC(t *testing.T) {
	for text, want := range map[string]string{
		"02:00:00:00:00:09": "02:00:00:00:00:09",
		"02-AA-bB-0c-0D-ff": "02:aa:bb:0c:0d:ff",
	} {
		if got, err := parseMAC(text); err != nil || got != want {
			t.Errorf("%q: got %q, %v; want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"", "02:00:00:00:00", "2:0:0:0:0:0", "02.00.00.00.00.09", "02:00:00:00:00:0g", "02:00:00:00:00:09:00",
		"00:00:00:00:00:00", "01:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "+2:00:00:00:00:09", "０2:00:00:00:00:0"} {
		if got, err := parseMAC(text); err == nil {
			t.Errorf("%q: got %q, want an error", text, got)
		}
	}
}

func TestParseAddress(t *testing.T) {
	for _, test := range []struct {
		text    string
		version int
		want    string
	}{
		{"10.0.0.1/24", 4, "10.0.0.1/24"},
		{"10.0.0.0/31", 4, "10.0.0.0/31"},
		{"10.0.0.255/32", 4, "10.0.0.255/32"},
		{"10.0.0.254/8", 4, "10.0.0.254/8"},
		{"FD00::0:1/64", 6, "fd00::1/64"},
		{"fe80::1/10", 6, "fe80::1/10"},
		{"fd00::/127", 6, "fd00::/127"},
	} {
		if got, err := parseAddress(test.text, test.version); err != nil || got != test.want {
			t.Errorf("%q: got %q, %v; want %q", test.text, got, err, test.want)
		}
	}
	for _, test := range []struct {
		text    string
		version int
	}{
		{"10.0.0.1", 4}, {"10.0.0.1/33", 4}, {"10.0.0.1/", 4}, {"10.0.0.01/24", 4}, {"10.0.0/24", 4}, {"gen", 4}, {"", 4},
		{"10.0.0.0/24", 4}, {"10.0.0.255/24", 4}, {"10.0.0.3/30", 4}, {"0.0.0.0/0", 4}, {"127.0.0.1/8", 4}, {"224.0.0.1/4", 4},
		{"fd00::1/64", 4}, {"10.0.0.1/24", 6}, {"::ffff:10.0.0.1/120", 6}, {"fd00::1%eth0/64", 6}, {"fd00::/64", 6}, {"::1/128", 6}, {"ff02::1/64", 6},
	} {
		if got, err := parseAddress(test.text, test.version); err == nil {
			t.Errorf("%q as IPv%d: got %q, want an error", test.text, test.version, got)
		}
	}
}

func TestNames(t *testing.T) {
	for _, name := range []string{"a", "1", "gen", "my-node_1.x", "A23456789012345678901234567890123456789"} {
		if err := nameError(name, maxLabName); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{"", "-a", ".a", "_a", "a b", "a/b", "a:b", "ä", "a\n", "${A}", "A2345678901234567890123456789012345678901"} {
		if nameError(name, maxLabName) == nil {
			t.Errorf("%q is taken for a name", name)
		}
	}
	for _, name := range []string{"eth1", "e1_1", "eth0.100", "123456789012345", "vlan1", "1"} {
		if err := interfaceNameError(name); err != nil {
			t.Errorf("interface %q: %v", name, err)
		}
	}
	for _, name := range []string{"", "lo", "all", "default", "val", "vale0", "e1-1", "eth%d", "eth/1", "a:b", "..", "1234567890123456", "eth1^"} {
		if interfaceNameError(name) == nil {
			t.Errorf("%q is taken for an interface of a node", name)
		}
	}
	for _, name := range []string{"", "lo", ".", "..", "a b", "a/b", "a:b", "1234567890123456", "\x7f"} {
		if hostInterfaceError(name) == nil {
			t.Errorf("%q is taken for an interface of the machine", name)
		}
	}
}

func TestNearest(t *testing.T) {
	known := []string{"left", "right", "core", "NET_ADMIN", "sw1"}
	for name, want := range map[string]string{
		"lfet": "left", "Left": "left", "rihgt": "right", "cor": "core", "sw2": "sw1", "NET_ADMN": "NET_ADMIN",
		"l": "", "spine": "", "": "",
	} {
		if got := nearest(name, known); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
	for _, test := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"kitten", "sitting", 3}, {"ca", "abc", 3}} {
		if got := editDistance(test.a, test.b); got != test.want {
			t.Errorf("%q to %q: got %d, want %d", test.a, test.b, got, test.want)
		}
	}
}
