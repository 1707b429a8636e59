package module

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"testing"
	"testing/fstest"
)

// recorded are the parameters of a module that was loaded without any, before its first port was opened.
//
//go:embed testdata/parameters.txt
var recorded string

// loaded is the folder of a module with the recorded parameters, but for some: "buf_num=1".
func loaded(other ...string) fstest.MapFS {
	dir := fstest.MapFS{"refcnt": {Data: []byte("0\n")}, "holders": {Mode: fs.ModeDir}}
	for line := range strings.Lines(recorded) {
		name, value, _ := strings.Cut(line, ":")
		dir["parameters/"+name] = &fstest.MapFile{Data: []byte(value)}
	}
	for _, o := range other {
		name, value, _ := strings.Cut(o, "=")
		dir[path.Join("parameters", name)] = &fstest.MapFile{Data: []byte(value + "\n")}
	}
	return dir
}

func params(t *testing.T, other ...string) *Params {
	t.Helper()
	p, err := Read(loaded(other...))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRead(t *testing.T) {
	dir := loaded()
	dir["refcnt"].Data = []byte("3\n")
	dir["version"] = &fstest.MapFile{Data: []byte("1.2\n")}
	dir["holders/veth"] = &fstest.MapFile{}
	p, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if p.References != 3 || p.Version != "1.2" || !p.NativeVeth() || p.MaxSwitches() != 8 {
		t.Errorf("%+v", p)
	}
	if n, ok := p.Value("generic_mit"); n != 100_000 || !ok {
		t.Errorf("generic_mit %d, %v", n, ok)
	}
	if _, ok := p.Value("ptnet_gso"); ok { // Y
		t.Error("ptnet_gso is a number")
	}
	if _, err := Read(fstest.MapFS{}); !errors.Is(err, ErrNotLoaded) {
		t.Errorf("%v", err)
	}
	if stock := params(t); stock.NativeVeth() {
		t.Error("a stock veth driver is native")
	}
}

// As measured on the module: how many veths it attached before it said ENOMEM.
func TestMaxVeths(t *testing.T) {
	for _, c := range []struct {
		other []string
		want  int
	}{
		{nil, 39},
		{[]string{"buf_num=600000"}, 50}, // ring_num is the limit now
		{[]string{"buf_num=300000", "ring_num=1024", "if_num=68"}, 68},     // if_num
		{[]string{"generic_ringsize=2048"}, 19},                            // the two buffers of nobody make it less than 20
		{[]string{"generic_rings=2", "ring_num=1000", "if_num=1000"}, 26},  // six rings each
		{[]string{"buf_num=1000000", "ring_num=1024", "if_num=1000"}, 244}, // as far as it goes
		{[]string{"buf_num=4"}, 0},
	} {
		if got := params(t, c.other...).MaxVeths(); got != c.want {
			t.Errorf("%q: %d, want %d", c.other, got, c.want)
		}
	}
	if size := params(t).RegionSize(); size != 343_019_520 { // what the module says of its first region
		t.Errorf("region of %d bytes", size)
	}
}

func veths(n, mtu int) []Veth {
	v := make([]Veth, n)
	for i := range v {
		v[i] = Veth{Name: "n:eth1", MTU: mtu}
	}
	return v
}

func ports(n int) []Port {
	p := make([]Port, n)
	for i := range p {
		p[i] = Port{Rings: 1, Slots: 1024}
	}
	return p
}

func TestCheck(t *testing.T) {
	const parameters = "/sys/module/netmap/parameters/"
	switches := map[string]int{"a": 252, "b": 2, "c": 2, "d": 2, "e": 2, "f": 2, "g": 2, "h": 2}
	for name, c := range map[string]struct {
		other  []string
		demand Demand
		what   string // "" for a lab that fits
		hint   string
		can    bool // the lab can be made all the same
	}{
		"everything just fits": {demand: Demand{Switches: switches, HostSwitches: 8, Veths: veths(39, 1500), Ports: ports(39),
			Available: 343_019_520 + 39*42_369_024}},
		"switches": {demand: Demand{Switches: map[string]int{"a": 2, "b": 2, "c": 2, "d": 2, "e": 2, "f": 2, "g": 2, "h": 2, "i": 2}},
			what: "9 switches and wires in a lab: the netmap module has room for 8 (max_bridges)", hint: "modprobe netmap max_bridges=9"},
		"more switches":        {other: []string{"max_bridges=16"}, demand: Demand{Switches: switches, HostSwitches: 9}},
		"uplinks":              {demand: Demand{HostSwitches: 9}, what: "9 switches for interfaces of this machine, all labs together", hint: "max_bridges=9"},
		"others' uplinks":      {demand: Demand{HostSwitches: 2, OtherHost: 7}, what: "9 switches for interfaces of this machine", hint: "max_bridges=9"},
		"others' uplinks only": {demand: Demand{OtherHost: 9}},
		"ports":                {demand: Demand{Switches: map[string]int{"big": 253}}, what: "switch big: 253 ports: the netmap module takes 252", hint: "several switches"},
		"veths": {demand: Demand{Veths: veths(40, 1500)}, what: "40 links on switches of the netmap module: it has memory for 39, buf_num is 163840",
			hint: "echo 163842 > " + parameters + "buf_num (as root"},
		"all pools": {demand: Demand{Veths: veths(110, 1500)}, what: "buf_num is 163840, ring_num is 200, if_num is 100",
			hint: "echo 450562 > " + parameters + "buf_num; echo 440 > " + parameters + "ring_num; echo 110 > " + parameters + "if_num (as root"},
		"other labs": {demand: Demand{Veths: veths(4, 1500), OtherVeths: 36}, what: "40 links on switches of the netmap module (36 of them of other labs)", hint: "163842"},
		"too many":   {demand: Demand{Veths: veths(300, 1500)}, what: "300 links", hint: "netmap: user, since the module can't have more than 244"},
		"frames": {demand: Demand{Veths: []Veth{{"a:eth1", 1500}, {"b:eth1", 9000}}},
			what: "b:eth1: mtu 9000: a buffer of the netmap module takes frames of an mtu of 2030, buf_size is 2048, priv_buf_size is 2048",
			hint: "echo 9024 > " + parameters + "buf_size; echo 9024 > " + parameters + "priv_buf_size (as root, while no netmap port is open), or mtu: 2030"},
		"frames that just fit":        {demand: Demand{Veths: veths(1, 2030)}},
		"frames with a header":        {demand: Demand{Veths: veths(1, 2031)}, what: "mtu 2031", hint: "echo 2112 > "},
		"large buffers":               {other: []string{"buf_size=9024", "priv_buf_size=9024"}, demand: Demand{Veths: veths(1, 9000)}},
		"large buffers of veths only": {other: []string{"buf_size=9024"}, demand: Demand{Veths: veths(1, 9000)}, what: "priv_buf_size is 2048", hint: "echo 9024 > " + parameters + "priv_buf_size (as"},
		"memory": {demand: Demand{Veths: veths(1, 1500), Available: 300 << 20}, what: "the netmap module wants 327 MiB of memory for its buffers, 300 MiB are available",
			hint: "echo 4098 > " + parameters + "buf_num"},
		"memory that is taken already": {other: []string{"buf_curr_num=163840", "../refcnt=1"}, demand: Demand{Veths: veths(1, 1500), Available: 300 << 20}},
		"ports' memory": {demand: Demand{Veths: veths(4, 1500), Ports: ports(4), Available: 400 << 20}, can: true,
			what: "netmap ports of all 4 endpoints together take 161 MiB of kernel memory, 72 MiB are available", hint: "slots: 256"},
		"memory not known": {demand: Demand{Veths: veths(39, 1500), Ports: ports(1000)}},
	} {
		got := params(t, c.other...).Check(c.demand)
		if c.what == "" {
			if len(got) > 0 {
				t.Errorf("%s: %+v", name, got)
			}
			continue
		}
		if len(got) != 1 || !strings.Contains(got[0].What, c.what) || !strings.Contains(got[0].Hint, c.hint) || got[0].Certain == c.can {
			t.Errorf("%s: %+v\nwant %s\n%s", name, got, c.what, c.hint)
		}
	}
}

// What a hint says is enough.
func TestHintIsEnough(t *testing.T) {
	for n := 40; n <= 244; n += 17 {
		var other []string
		for _, pool := range params(t).pools() {
			other = append(other, fmt.Sprintf("%s=%d", pool.param, max(pool.have, pool.wants(n))))
		}
		p := params(t, other...)
		if got := p.MaxVeths(); got != n {
			t.Errorf("%d veths: room for %d with %q", n, got, other)
		}
		if got := p.Check(Demand{Veths: veths(n, 1500)}); got != nil {
			t.Errorf("%d veths: %+v", n, got)
		}
	}
}
