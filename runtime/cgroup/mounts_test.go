package cgroup

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestFindMounts(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want mounts
	}{
		"version 2": {
			"25 22 0:22 / /proc rw - proc proc rw\n30 22 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n",
			mounts{unified: "/sys/fs/cgroup"},
		},
		"hybrid": {
			"30 22 0:26 / /sys/fs/cgroup ro - tmpfs tmpfs ro\n" +
				"31 30 0:27 / /sys/fs/cgroup/unified rw shared:5 - cgroup2 cgroup2 rw\n" +
				"32 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw shared:6 master:2 - cgroup cgroup rw,cpu,cpuacct\n" +
				"33 30 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
			mounts{"/sys/fs/cgroup/unified", "/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/memory"},
		},
		"together": {
			"32 30 0:28 / /cg rw - cgroup cgroup rw,memory,cpu\n",
			mounts{"", "/cg", "/cg"},
		},
		"the first counts": {
			"30 22 0:26 / /a rw - cgroup2 cgroup2 rw\n31 22 0:26 / /b rw - cgroup2 cgroup2 rw\n",
			mounts{unified: "/a"},
		},
		"part of a hierarchy": {
			"30 22 0:26 /docker/1 /a rw - cgroup2 cgroup2 rw\n", mounts{},
		},
		"blank in the path": {
			`30 22 0:26 / /my\040groups\134 rw - cgroup2 cgroup2 rw`, mounts{unified: `/my groups\`},
		},
		"none": {"25 22 0:22 / /proc rw - proc proc rw\n", mounts{}},
	} {
		got, err := findMounts(strings.NewReader(test.text))
		if err != nil || got != test.want {
			t.Errorf("%s: %+v, %v, want %+v", name, got, err, test.want)
		}
	}
	if got := (mounts{"", "/cg", "/cg"}).all(); len(got) != 1 {
		t.Errorf("one hierarchy of two controllers counts as %q", got)
	}
}

// FuzzFindMounts: whatever the table holds, a mount that is found has stood in
// it.
func FuzzFindMounts(f *testing.F) {
	f.Add("31 30 0:27 / /u rw - cgroup2 cgroup2 rw\n32 30 0:28 / /c\\040d rw - cgroup c rw,cpu\n")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := findMounts(strings.NewReader(text))
		if err != nil && m != (mounts{}) {
			t.Fatal("mounts and an error")
		}
		for _, point := range m.all() {
			if last := filepath.Base(point); !strings.ContainsAny(text, "\\") && !strings.Contains(text, last) {
				t.Fatalf("found %q in %q", point, text)
			}
		}
	})
}
