package node

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// lines runs a script in a node and returns the lines it wrote.
func lines(t *testing.T, cfg Config, script string) []string {
	t.Helper()
	return strings.Split(strings.TrimSuffix(output(t, cfg, script), "\n"), "\n")
}

func TestRootNamespaces(t *testing.T) {
	got := lines(t, Config{Hostname: "box"}, `
		for ns in net mnt pid uts ipc; do readlink /proc/self/ns/$ns; done
		hostname
		echo $$ $PPID
		ls /sys/class/net
		cat /sys/class/net/lo/flags
		cat /proc/sys/net/ipv6/conf/default/accept_dad`)
	for i, ns := range []string{"net", "mnt", "pid", "uts", "ipc"} {
		own, err := os.Readlink("/proc/self/ns/" + ns)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(got[i], ns+":") || got[i] == own {
			t.Errorf("namespace %s of the node is %s, ours %s", ns, got[i], own)
		}
	}
	if diff := cmp.Diff([]string{"box", "2 1", "lo", "0x9", "0"}, got[5:]); diff != "" {
		t.Error(diff)
	}
}

func TestRootNetNS(t *testing.T) {
	dir := labDir(t)
	p := run(t, Config{LabDir: dir})
	ns, err := p.NetNS()
	if err != nil {
		t.Fatal(err)
	}
	defer ns.Close()
	alias, err := inNode(t, dir, "cat", "/sys/class/net/lo/ifalias").Output()
	if err != nil {
		t.Fatal(err)
	}
	if want := "valelab:" + dir + ":n\n"; string(alias) != want {
		t.Errorf("lo is marked %q, want %q", alias, want)
	}
	inside, err := inNode(t, dir, "readlink", "/proc/self/ns/net").Output()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", ns.Fd())); err != nil || got+"\n" != string(inside) {
		t.Errorf("NetNS is %s, the node has %s: %v", got, inside, err)
	}
}

func TestRootCapabilities(t *testing.T) {
	own, err := ownCaps()
	if err != nil {
		t.Fatal(err)
	}
	const docker, netAdmin = 0xa80425fb, 1 << 12
	for name, test := range map[string]struct {
		cfg   Config
		want  uint64
		bound uint64
	}{
		"default": {Config{}, docker, docker},
		"cap-add": {Config{CapAdd: []string{"NET_ADMIN"}}, docker | netAdmin, docker | netAdmin},
		"user":    {Config{User: "nobody"}, 0, docker},
	} {
		t.Run(name, func(t *testing.T) {
			want, bound := test.want&own, test.bound&own
			got := lines(t, test.cfg, "grep ^Cap /proc/self/status")
			if diff := cmp.Diff([]string{
				"CapInh:\t0000000000000000",
				fmt.Sprintf("CapPrm:\t%016x", want),
				fmt.Sprintf("CapEff:\t%016x", want),
				fmt.Sprintf("CapBnd:\t%016x", bound),
				"CapAmb:\t0000000000000000",
			}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRootDevices(t *testing.T) {
	got := lines(t, Config{}, `
		ls /dev
		echo --
		head -c 3 /dev/zero | wc -c
		cat /dev/null
		echo x > /dev/full || echo full
		head -c 3 /dev/urandom | wc -c
		echo stdout > /dev/stdout
		stat -f -c %T /dev/shm
		stat -c %a /dev/shm /dev/null /dev/ptmx
		test -e /dev/net/tun || echo no tun`)
	want := strings.Fields("fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero --")
	want = append(want, "3", "/bin/sh: 5: echo: echo: I/O error", "full", "3", "stdout", "tmpfs", "1777", "666", "777", "no tun")
	got = slices.DeleteFunc(got, func(line string) bool { return strings.Contains(line, "echo:") }) // words of the shell
	want = slices.DeleteFunc(want, func(line string) bool { return strings.Contains(line, "echo:") })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestRootMasks checks what the node must not see or change: kernel files, the
// state of the lab, the machine's /run.
func TestRootMasks(t *testing.T) {
	secret := t.TempDir()
	if err := os.WriteFile(filepath.Join(secret, "key"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "lab") // a state root that is not below /run
	t.Cleanup(func() { killAll(t, dir) })
	run(t, Config{LabDir: dir, Masks: []string{secret, "/proc/version", "/not/there"}, Argv: []string{"/bin/sh", "-c", `
		ls ` + secret + " " + filepath.Dir(dir) + `
		for f in kcore keys timer_list interrupts version; do test -e /proc/$f && cat /proc/$f; done
		ls /sys/firmware
		ls /run
		ls /run/valelab
		for f in sys/net/ipv4/ip_forward sysrq-trigger irq/default_smp_affinity; do
			test -e /proc/$f && (echo 1 > /proc/$f) 2>/dev/null && echo wrote $f
		done
		(mkdir /sys/kernel/x || touch /run/valelab/x || echo x > /run/valelab/bin/valelab || echo x > /etc/hosts) 2>/dev/null && echo wrote
		ls /proc/1/cwd /proc/1/fd/2 2>/dev/null
		test -S /var/run/docker.sock && echo engine
		echo end`}})
	await(t, dir, "exited", isState(Exited))
	want := secret + ":\n\n" + filepath.Dir(dir) + ":\nlock\nvalelab\nbin\nhosts\nend\n"
	if filepath.Dir(dir) < secret {
		want = filepath.Dir(dir) + ":\n\n" + secret + ":\nlock\nvalelab\nbin\nhosts\nend\n"
	}
	if diff := cmp.Diff(want, readLog(t, dir)); diff != "" {
		t.Error(diff)
	}
}

func TestRootHostsAndPath(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	got := output(t, Config{Hosts: []byte("10.1.2.3\tother\n")}, `
		getent hosts other
		command -v valelab
		cmp "$(command -v valelab)" `+self+` && echo same
		cat /run/valelab/hosts | cmp - /etc/hosts && echo bound`)
	if want := "10.1.2.3        other\n/run/valelab/bin/valelab\nsame\nbound\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRootUserAndFolder(t *testing.T) {
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Skip("this machine has no user nobody: ", err)
	}
	got := output(t, Config{User: "nobody", Dir: "/tmp", Env: []string{"A=b c"}},
		`id -u; id -g; id -G; pwd; echo "$A $HOME $HOSTNAME"; echo again > /dev/stderr; umask`)
	want := fmt.Sprintf("%s\n%s\n%[2]s\n/tmp\nb c %s n\nagain\n0022\n", nobody.Uid, nobody.Gid, nobody.HomeDir)
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRootSettings(t *testing.T) {
	got := output(t, Config{
		Sysctls: []Sysctl{{"net.ipv4.ip_forward", "1"}, {"kernel.msgmax", "4096"}},
		CPUSet:  "0",
	}, `cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax /proc/sys/net/ipv4/ping_group_range
		grep Cpus_allowed_list /proc/self/status`)
	if want := "1\n4096\n0\t2147483647\nCpus_allowed_list:\t0\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestRootNothingInherited checks that the command has no descriptors and
// signal dispositions of its starters, and nothing to read.
func TestRootNothingInherited(t *testing.T) {
	leak, err := os.Open("/")
	if err != nil {
		t.Fatal(err)
	}
	defer leak.Close()
	if _, err := unix.FcntlInt(leak.Fd(), unix.F_SETFD, 0); err != nil { // open in programs we start
		t.Fatal(err)
	}
	got := output(t, Config{}, `cat; ls /proc/$$/fd; cat /proc/self/status | grep -E "^Sig(Blk|Ign|Cgt)"`)
	want := "0\n1\n2\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\nSigCgt:\t0000000000000000\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRootSetUpFails(t *testing.T) {
	dir := labDir(t)
	run(t, Config{LabDir: dir, Name: "probe"})
	for name, cfg := range map[string]Config{
		"/proc/sys/net/none": {Sysctls: []Sysctl{{"net.none", "1"}}},
		"cpu-set: names":     {CPUSet: "0,1000"},
	} {
		cfg.LabDir, cfg.Name = dir, "n"
		_, err := Start(t.Context(), cfg)
		if err == nil || !strings.Contains(err.Error(), name) || !strings.HasPrefix(err.Error(), "node n: ") {
			t.Errorf("error %v, want one with %q", err, name)
		}
		for _, folder := range []string{stateDir(dir, "n"), publicDir(dir, "n")} {
			if _, err := os.Stat(folder); err == nil {
				t.Errorf("%s is left", folder)
			}
		}
	}
}
