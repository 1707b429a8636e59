package node

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestConfigRefused(t *testing.T) {
	good := func() Config { return Config{LabDir: "/run/valelab/lab", Name: "n"} }
	for name, test := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"relative folder": {func(c *Config) { c.LabDir = "lab" }, "absolute"},
		"long folder":     {func(c *Config) { c.LabDir = "/" + strings.Repeat("x", 300) }, "too long by 56 bytes"},
		"no name":         {func(c *Config) { c.Name = "" }, "name"},
		"name with slash": {func(c *Config) { c.Name = "../n" }, "name"},
		"long hostname":   {func(c *Config) { c.Hostname = strings.Repeat("x", 65) }, "64"},
		"env":             {func(c *Config) { c.Env = []string{"=x"} }, "KEY=VALUE"},
		"zero byte":       {func(c *Config) { c.Argv = []string{"a\x00b"} }, "zero byte"},
		"user":            {func(c *Config) { c.User = "no-such-user" }, "no such user"},
		"group":           {func(c *Config) { c.User = "root:no-such-group" }, "no such group"},
		"capability":      {func(c *Config) { c.CapAdd = []string{"FLY"} }, "no capability FLY"},
		"cpu-set":         {func(c *Config) { c.CPUSet = "3-1" }, "cpu-set"},
		"many cpus":       {func(c *Config) { c.CPUSet = "5000" }, "1023"},
		"sysctl":          {func(c *Config) { c.Sysctls = []Sysctl{{"kernel.panic", "1"}} }, "whole machine"},
		"sysctl path":     {func(c *Config) { c.Sysctls = []Sysctl{{"net/../kernel/panic", "1"}} }, "not the name"},
		"sysctl value":    {func(c *Config) { c.Sysctls = []Sysctl{{"net.ipv4.ip_forward", "\x00"}} }, "zero byte"},
		"restart":         {func(c *Config) { c.Restart = "sometimes" }, "restart-policy"},
		"negative delay":  {func(c *Config) { c.StartupDelay = -1 }, "negative"},
		"mask":            {func(c *Config) { c.Masks = []string{"x"} }, "absolute"},
		"working folder":  {func(c *Config) { c.Dir = "x" }, "absolute"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := good()
			test.change(&cfg)
			_, err := cfg.resolve()
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
	cfg := good()
	if _, err := cfg.resolve(); err != nil {
		t.Error(err)
	}
}

func TestMasks(t *testing.T) {
	for labDir, masked := range map[string]bool{
		"/run/valelab/lab": false, // would cover the node's own folder
		"/run/vl7/lab":     false,
		"/srv/labs/lab":    true,
		"/running/lab":     true,
	} {
		cfg := Config{LabDir: labDir}
		if got := slices.Contains(cfg.masks(), filepath.Dir(labDir)); got != masked {
			t.Errorf("state root of %s masked: %v, want %v", labDir, got, masked)
		}
	}
}

func TestLookup(t *testing.T) {
	dir := t.TempDir()
	files := userFiles{filepath.Join(dir, "passwd"), filepath.Join(dir, "group")}
	for path, text := range map[string]string{
		files.passwd: "root:x:0:0::/root:/bin/sh\nann:x:1000:100::/home/ann:/bin/sh\n7:x:8:8:::\nbroken\n",
		files.group:  "root:x:0:\nusers:x:100:\nsudo:x:27:bob,ann\naudio:x:29:ann\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for spec, want := range map[string]account{
		"":           {home: "/root"},
		"ann":        {uid: 1000, gid: 100, groups: []uint32{27, 29}, home: "/home/ann"},
		"1000":       {uid: 1000, gid: 100, groups: []uint32{27, 29}, home: "/home/ann"},
		"ann:sudo":   {uid: 1000, gid: 27, home: "/home/ann"},
		"ann:55":     {uid: 1000, gid: 55, home: "/home/ann"},
		"4242":       {uid: 4242, home: "/"},
		"4242:4243":  {uid: 4242, gid: 4243, home: "/"},
		"7":          {uid: 8, gid: 8, home: "/"}, // a name comes before a number
		"4294967295": {},                          // not a user
		"bob":        {},                          // only listed in a group
		"ann:nobody": {},
	} {
		got, err := files.lookup(spec)
		if (err == nil) != (want.home != "") {
			t.Errorf("%q: error %v", spec, err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(account{})); err == nil && diff != "" {
			t.Errorf("%q: %s", spec, diff)
		}
	}
}

func TestEnvironment(t *testing.T) {
	cfg := Config{Name: "n", Env: []string{"A=1", "PATH=/opt/bin", "HOME=/x", "A=2"}}
	want := []string{"PATH=/run/valelab/bin:/opt/bin", "HOME=/x", "HOSTNAME=n", "A=2"}
	if diff := cmp.Diff(want, environment(&cfg, "/root")); diff != "" {
		t.Error(diff)
	}
}

func TestHostsFile(t *testing.T) {
	for name, test := range map[string]struct{ lines, want string }{
		"no address": {"", "127.0.1.1\tn\n"},
		"named":      {"10.0.0.1\tn n-eth1", "10.0.0.1\tn n-eth1\n"},
		"others":     {"10.0.0.2\tm\n", "10.0.0.2\tm\n127.0.1.1\tn\n"},
	} {
		got := string(hostsFile([]byte(test.lines), "n"))
		if got != localhost+test.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestSysctlPath(t *testing.T) {
	for name, want := range map[string]string{
		"net.ipv4.ip_forward":            "net/ipv4/ip_forward",
		"net/ipv4/conf/eth1.5/rp_filter": "net/ipv4/conf/eth1.5/rp_filter",
		"kernel.shmmax":                  "kernel/shmmax",
		"fs.mqueue.msg_max":              "fs/mqueue/msg_max",
	} {
		if got, err := sysctlPath(name); err != nil || got != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestCapabilities(t *testing.T) {
	if len(capNames) != 41 || capNames[12] != "NET_ADMIN" || capNames[40] != "CHECKPOINT_RESTORE" {
		t.Error("the names do not match their numbers")
	}
	plain, err := capabilities(nil)
	if err != nil {
		t.Fatal(err)
	}
	if own, err := ownCaps(); err != nil || plain != own&0xa80425fb { // as Docker shows it
		t.Errorf("default set %x of %x, %v", plain, own, err)
	}
}

// FuzzParseCPUs: a set that is parsed parses to itself when written as a list.
func FuzzParseCPUs(f *testing.F) {
	f.Add("0-3,5")
	f.Add("1023")
	f.Add("7, 7-8")
	f.Fuzz(func(t *testing.T, list string) {
		set, err := parseCPUs(list)
		if err != nil {
			return
		}
		var numbers []string
		for cpu := range len(set) * 8 {
			if set[cpu/8]>>(cpu%8)&1 == 1 {
				numbers = append(numbers, fmt.Sprint(cpu))
			}
		}
		again, err := parseCPUs(strings.Join(numbers, ","))
		if err != nil || !bytes.Equal(set, again) {
			t.Fatalf("%q: %x, then %x, %v", list, set, again, err)
		}
	})
}

// FuzzParseStatus: a line gives a status of a known state, or an error.
func FuzzParseStatus(f *testing.F) {
	f.Add("running 7 0 0 2 1700000000\n")
	f.Add("exited 0 0 9 0 1700000000\n")
	f.Fuzz(func(t *testing.T, line string) {
		s, err := parseStatus(line)
		known := slices.Contains([]State{Waiting, Running, Backoff, Exited}, s.State)
		if (err == nil) != known || s.PID < 0 || s.ExitCode < 0 || s.Signal < 0 || s.Restarts < 0 {
			t.Fatalf("%q: %+v, %v", line, s, err)
		}
	})
}
