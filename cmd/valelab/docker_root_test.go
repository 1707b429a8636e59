package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// labOf writes a lab file whose nodes have the test's image where it says IMAGE,
// and returns its path.
func labOf(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name+".yml")
	text = "name: " + name + "\n" + strings.ReplaceAll(text, "IMAGE", testImage(t))
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// deployContainers deploys a lab of containers.
func deployContainers(t *testing.T, name, text string) *liveLab {
	t.Helper()
	l := newContainerLab(t, labOf(t, name, text))
	return l
}

// newContainerLab deploys a lab file and checks at the end that no container is
// left.
func newContainerLab(t *testing.T, file string) *liveLab {
	t.Helper()
	needEngine(t)
	var l *liveLab
	t.Cleanup(func() {
		if l != nil {
			l.checkNoContainers()
		}
	})
	l = newLab(t, file)
	l.valelab("deploy", file)
	return l
}

// awaitState waits until a node is in the state.
func (l *liveLab) awaitState(node, want string) {
	l.t.Helper()
	await(l.t, func() string {
		out := l.valelab("inspect", l.name)
		for line := range strings.Lines(out) {
			if f := strings.Fields(line); len(f) > 1 && f[0] == node && f[1] == want {
				return ""
			}
		}
		return fmt.Sprintf("node %s is not %s:\n%s", node, want, out)
	})
}

// One container with every field that does not stand in another's way: each is
// as the lab file says, and nothing is there that it does not say.
func TestRootContainerFields(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"bound/file": "from the machine\n", "vars.env": "FROM_FILE=file\nBOTH=file\n"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "fields.yml")
	text := strings.ReplaceAll(`
name: fields
switches: {s: {}}
nodes:
  box:
    image: IMAGE
    image-pull-policy: never
    entrypoint: [sh, -c]
    cmd: ["echo ready as $(id -u); exec sleep 1000"]
    env: {OWN: own, BOTH: own}
    env-files: [vars.env]
    binds: ["bound:/bound:ro"]
    volumes: [/scratch]
    tmpfs: ["/small:size=1m"]
    exec: ["sh -c 'echo declared >/tmp/declared'", "sh -c 'echo broken; exit 3'"]
    user: worker
    labels: {color: green}
    cpu: 0.5
    cpu-set: "0"
    memory: 64mib
    shm-size: 8mib
    sysctls: {net.ipv4.ip_forward: "1"}
    devices: ["/dev/null:/dev/nothing:rw"]
    cap-add: [NET_ADMIN]
    dns: {servers: [192.0.2.53], search: [lab.example], options: ["ndots:3"]}
    hostname: boxhost
    restart-policy: on-failure:2
    healthcheck: {test: [CMD-SHELL, "test -e /small"], interval: 1}
  plain: {image: IMAGE, cmd: sleep 1000, depends_on: {box: healthy}}
links:
  - endpoints: [box:eth1, s]
    ipv4: 10.0.0.1/24
    ipv6: fd00::1/64
    mtu: 1400
    mac: 02:00:00:00:00:31
  - endpoints: [plain:eth1, s]
    ipv4: 10.0.0.2/24
    ipv6: fd00::2/64
`, "IMAGE", testImage(t))
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	needEngine(t)
	var l *liveLab
	t.Cleanup(func() { l.checkNoContainers() })
	l = newLab(t, file)
	out, err := l.command("deploy", file).CombinedOutput()
	if err != nil {
		t.Fatalf("deploy: %v\n%s", err, out)
	}
	if !strings.Contains(string(out), "note: node box: exec sh: ended with status 3: broken") {
		t.Errorf("the declared command that fails is not told of:\n%s", out)
	}

	sh := func(node, script string) string { return strings.TrimSpace(l.in(node, "sh", "-c", script)) }
	for _, c := range []struct{ field, script, want string }{
		{"user", "id -u", "1234"},
		{"env", "echo $OWN $BOTH $FROM_FILE $FROM_IMAGE", "own own file yes"},
		{"path", "echo $PATH", "/run/valelab/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
		{"binds", "cat /bound/file; touch /bound/x 2>&1", "from the machine\ntouch: /bound/x: Read-only file system"},
		{"volumes", "mount | grep -c ' /scratch '", "1"},
		{"tmpfs", "mount | grep ' /small ' | grep -o 'size=[0-9]*k'", "size=1024k"},
		{"exec", "cat /tmp/declared", "declared"},
		{"cpu-set", "grep Cpus_allowed_list /proc/self/status | cat", "Cpus_allowed_list:\t0"},
		{"shm-size", "mount | grep ' /dev/shm ' | grep -o 'size=[0-9]*k'", "size=8192k"},
		{"sysctls", "cat /proc/sys/net/ipv4/ip_forward", "1"},
		{"devices", "ls -l /dev/nothing | cat | grep -c '1, *3'", "1"},
		{"dns", "cat /etc/resolv.conf | grep -v '^#'", "search lab.example\nnameserver 192.0.2.53\noptions ndots:3"},
		{"hostname", "hostname", "boxhost"},
		{"hosts", "grep -c plain /etc/hosts", "4"},
		{"mtu", "cat /sys/class/net/eth1/mtu", "1400"},
		{"mac", "cat /sys/class/net/eth1/address", "02:00:00:00:00:31"},
		{"interfaces", "ls /sys/class/net | sort | tr '\\n' ' '", "eth1 lo"},
		{"working folder of ours", "touch /run/valelab/x 2>&1", "touch: /run/valelab/x: Read-only file system"},
		{"program", "valelab version | grep -c valelab", "1"},
	} {
		script := strings.NewReplacer("grep", "busybox grep", "sort", "busybox sort", "tr '", "busybox tr '").Replace(c.script) + "; true"
		if got := sh("box", script); got != c.want {
			t.Errorf("%s: %q, want %q", c.field, got, c.want)
		}
	}
	if got := sh("plain", "busybox grep CapEff /proc/1/status"); got != "CapEff:\t00000000a80425fb" {
		t.Errorf("a container that asks for nothing has the capabilities %s", got)
	}

	var have struct {
		Config struct {
			Labels map[string]string
			User   string
		}
		HostConfig struct {
			NanoCpus, Memory int64
			CapAdd           []string
			Privileged       bool
			NetworkMode      string
			RestartPolicy    struct {
				Name              string
				MaximumRetryCount int
			}
		}
		State struct{ Health struct{ Status string } }
	}
	l.engine("GET", "box", "/json", &have)
	h := have.HostConfig
	if have.Config.Labels["color"] != "green" || h.NanoCpus != 5e8 || h.Memory != 64<<20 || h.Privileged || h.NetworkMode != "none" ||
		len(h.CapAdd) != 1 || h.RestartPolicy.Name != "on-failure" || h.RestartPolicy.MaximumRetryCount != 2 || have.State.Health.Status != "healthy" {
		t.Errorf("the engine has %+v", have)
	}

	// The interface is a real one, for IPv4, IPv6 and by name.
	for _, to := range []string{"10.0.0.2", "fd00::2", "plain"} {
		l.in("plain", "ping", "-c", "1", "-W", "5", strings.Replace(strings.Replace(to, "10.0.0.2", "10.0.0.1", 1), "fd00::2", "fd00::1", 1))
	}
	if log := l.valelab("logs", "box", "--lab", l.name); log != "ready as 1234\n" {
		t.Errorf("log %q", log)
	}
	if out := l.valelab("deploy", file, "-f", "json"); !strings.Contains(out, `"changed": 0`) {
		t.Errorf("deploying again:\n%s", out)
	}
}

// An exec's status is the command's, its input is the caller's.
func TestRootContainerExec(t *testing.T) {
	l := deployContainers(t, "cexec", "nodes:\n  a: {image: IMAGE, cmd: sleep 1000}\n")
	cmd := l.command("exec", "--lab", l.name, "a", "--", "sh", "-c", "cat; echo no >&2; exit 7")
	cmd.Stdin = strings.NewReader("in\n")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if cmd.ProcessState.ExitCode() != 7 || stdout.String() != "in\n" || stderr.String() != "no\n" {
		t.Errorf("%v, out %q, err %q", err, stdout.String(), stderr.String())
	}

	l.valelab("stop", "a", "--lab", l.name)
	out, err := l.command("exec", "--lab", l.name, "a", "--", "true").CombinedOutput()
	if want := "valelab: node a: does not run\nhint: valelab start a --lab cexec\n"; err == nil || string(out) != want {
		t.Errorf("in a container that is stopped: %v\n%s\nwant\n%s", err, out, want)
	}
}

// A container comes back by itself, whoever ends it: its endpoints with their
// addresses, its port with its counters; and a deploy finds nothing to do.
func TestRootContainerRestarts(t *testing.T) {
	l := deployContainers(t, "cback", `
switches: {s: {}}
nodes:
  a: {image: IMAGE, cmd: "sh -c 'trap exit TERM; sleep 1000 & wait'", restart-policy: always}
  b: {image: IMAGE, cmd: sleep 1000}
links:
  - endpoints: [a:eth1, s]
    ipv4: 10.0.0.1/24
    ipv6: fd00::1/64
  - endpoints: [b:eth1, s]
    ipv4: 10.0.0.2/24
    ipv6: fd00::2/64
  - [a:eth2, b:eth2]
`)
	ping := func() {
		t.Helper()
		l.in("b", "ping", "-c", "1", "-W", "10", "10.0.0.1")
		l.in("b", "ping", "-c", "1", "-W", "10", "fd00::1")
	}
	ping()
	packets := l.rings()["a:eth1 tx0"].Packets
	restarts := 0
	for _, c := range []struct {
		name string
		harm func()
	}{
		{"its command is killed", func() { l.killFirst("a") }},
		{"docker restart", func() { l.engine("POST", "a", "/restart?t=0", nil) }},
		{"valelab restart", func() { l.valelab("restart", "--lab", l.name, "a") }},
		{"valelab stop and start", func() {
			l.valelab("stop", "--lab", l.name, "a")
			l.awaitState("a", "exited")
			l.valelab("start", "--lab", l.name, "a")
		}},
		{"docker stop and start", func() { l.engine("POST", "a", "/stop?t=0", nil); l.engine("POST", "a", "/start", nil) }},
		{"the agent is killed, and docker restart", func() { l.killAgent(); l.engine("POST", "a", "/restart?t=0", nil) }},
	} {
		c.harm()
		restarts++
		await(t, func() string {
			if out := l.valelab("inspect", l.name, "-f", "json"); !strings.Contains(out, fmt.Sprintf(`"restarts": %d`, restarts)) {
				return c.name + ": no restart is seen:\n" + out
			}
			return ""
		})
		l.awaitState("a", "running")
		ping()
		now := l.rings()["a:eth1 tx0"].Packets
		if now < packets {
			t.Errorf("%s: the counter went from %d to %d", c.name, packets, now)
		}
		packets = now
		if out := l.valelab("deploy", l.name, "-f", "json"); !strings.Contains(out, `"changed": 0`) {
			t.Errorf("%s: deploying again:\n%s", c.name, out)
		}
	}
	// One that was removed, or killed without a policy, a deploy makes again.
	l.engine("DELETE", "b", "?force=1", nil)
	l.valelab("deploy", l.name)
	ping()
	l.engine("POST", "b", "/kill", nil)
	l.awaitState("b", "exited")
	l.valelab("deploy", l.name)
	ping()
}

// killFirst kills process 1 of a container from outside: inside, nobody may.
func (l *liveLab) killFirst(node string) {
	l.t.Helper()
	var have struct{ State struct{ Pid int } }
	l.engine("GET", node, "/json", &have)
	if p, err := os.FindProcess(have.State.Pid); err == nil && have.State.Pid > 1 {
		p.Kill()
	}
}

// killAgent kills the lab's agent.
func (l *liveLab) killAgent() {
	l.t.Helper()
	data, err := os.ReadFile(filepath.Join(l.root, l.name, "agent.pid"))
	if err != nil {
		l.t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Sscan(string(data), &pid); err != nil {
		l.t.Fatal(err)
	}
	if p, err := os.FindProcess(pid); err == nil {
		p.Kill()
	}
}

// A container that has a node's name and not its marks is left alone.
func TestRootForeignContainer(t *testing.T) {
	file := labOf(t, "cforeign", "nodes:\n  a: {image: IMAGE, cmd: sleep 1000}\n")
	l := newLab(t, file)
	name := l.container("a")
	body := strings.NewReader(`{"Image":"` + imageName + `","Cmd":["sleep","1000"]}`)
	if status := ask(t, engineSocket, "POST", "/containers/create?name="+name, body, nil); status != http.StatusCreated {
		t.Fatalf("status %d", status)
	}
	t.Cleanup(func() { ask(t, engineSocket, "DELETE", "/containers/"+name+"?force=1", nil, nil) })
	out, err := l.command("deploy", file).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "container "+name+" is not a container of this lab") || !strings.Contains(string(out), "hint: docker rm "+name) {
		t.Errorf("deploy: %v\n%s", err, out)
	}
	if status := l.engine("GET", "a", "/json", nil); status != http.StatusOK {
		t.Errorf("the other's container: status %d", status)
	}
}

// What the machine's end of a lab leaves is a lasting folder and containers: a
// deploy takes them over, one that the plan no longer has it removes.
func TestRootContainersAfterReboot(t *testing.T) {
	text := "switches: {s: {}}\nnodes:\n  a: {image: IMAGE, cmd: sleep 1000, restart-policy: always}\n  b: {image: IMAGE, cmd: sleep 1000}\nlinks: [[a:eth1, s], [b:eth1, s]]\n"
	file := labOf(t, "cboot", text)
	l := newContainerLab(t, file)
	var before, after struct{ ID string }
	l.engine("GET", "a", "/json", &before)

	// As far as one lab can tell: all processes but the engine's are gone, and so is /run.
	l.crash()
	l.engine("POST", "a", "/restart?t=0", nil)
	l.engine("POST", "b", "/stop?t=0", nil)
	if out := l.valelab("deploy", file); out != "" {
		t.Errorf("deploy printed %q", out)
	}
	l.engine("GET", "a", "/json", &after)
	if before.ID != after.ID {
		t.Errorf("container a was made anew")
	}
	l.awaitState("a", "running")
	l.awaitState("b", "running")

	l.crash()
	smaller := labOf(t, "cboot", "switches: {s: {}}\nnodes:\n  a: {image: IMAGE, cmd: sleep 1000, restart-policy: always}\nlinks: [[a:eth1, s]]\n")
	l.valelab("deploy", smaller)
	if status := l.engine("GET", "b", "/json", nil); status != http.StatusNotFound {
		t.Errorf("container b, which the lab no longer has: status %d", status)
	}
	l.crash()
	if out := l.valelab("destroy", l.name); out != "" {
		t.Errorf("destroy printed %q", out)
	}
}

// crash kills every process of the lab that is not in a container, and removes
// its folder.
func (l *liveLab) crash() {
	l.t.Helper()
	await(l.t, func() string {
		all := processesOf(l.t, l.root)
		for _, found := range all {
			var pid int
			if n, _ := fmt.Sscanf(found, "/proc/%d/", &pid); n == 1 {
				if p, err := os.FindProcess(pid); err == nil {
					p.Kill()
				}
			}
		}
		return strings.Join(all, "\n")
	})
	if err := os.RemoveAll(filepath.Join(l.root, l.name)); err != nil {
		l.t.Fatal(err)
	}
}
