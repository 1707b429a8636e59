package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/runtime/agent"
)

// A privateEngine is a Docker engine of a test's own, from the installed
// packages, in namespaces where nobody else sees its networks and plugins.
type privateEngine struct {
	t    testing.TB
	dir  string // of all that it writes
	root string // state folder of valelab
	cmd  *exec.Cmd
	pid  int // of the engine
	args []string

	program string // of the plugin

	plugin *exec.Cmd
}

// engineScript runs in new mount and network namespaces.
const engineScript = `
mkdir -p /run/docker /etc/docker
mount -t tmpfs none /run/docker && mount -t tmpfs none /etc/docker
mount --make-rshared / # plugins and containers may bind what comes later
ip link set lo up
echo '{}' >/etc/docker/daemon.json
sleep 100000 & echo $! >$0/holder
wait
`

// engineProgram is the engine of the tests of the plugin; VALELAB_TEST_DOCKERD
// names another one than the installed.
func engineProgram() string {
	if program := os.Getenv("VALELAB_TEST_DOCKERD"); program != "" {
		return program
	}
	return "dockerd"
}

// newEngine starts an engine and ends it with the test.
func newEngine(t testing.TB, args ...string) *privateEngine {
	t.Helper()
	for _, program := range []string{engineProgram(), "docker", "unshare", "nsenter", "ip"} {
		if _, err := exec.LookPath(program); err != nil && os.Getenv("CI") != "" {
			t.Fatalf("the tests of the Docker plugin need the engine's packages: %v", err)
		} else if err != nil {
			t.Skipf("no engine to start: %v", err)
		}
	}
	// Short: addresses of sockets have 107 bytes.
	dir, err := os.MkdirTemp("/tmp", "vle")
	if err != nil {
		t.Fatal(err)
	}
	root, err := os.MkdirTemp("/run", "vl")
	if err != nil {
		t.Fatal(err)
	}
	e := &privateEngine{t: t, dir: dir, root: root, program: "valelab", args: args}
	t.Cleanup(e.end)
	e.boot()
	e.start()
	load := exec.Command("docker", "-H", e.address(), "import", "-", imageName)
	load.Stdin = bytes.NewReader(imageTar(t))
	if out, err := load.CombinedOutput(); err != nil {
		t.Fatalf("import: %v\n%s", err, out)
	}
	return e
}

// boot makes the namespaces of the engine.
func (e *privateEngine) boot() {
	e.t.Helper()
	e.cmd = exec.Command("unshare", "-m", "-n", "--propagation", "private", "--kill-child", "sh", "-c", engineScript, e.dir)
	e.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := e.cmd.Start(); err != nil {
		e.t.Fatal(err)
	}
	awaitLong(e.t, "namespaces of the engine", func() bool { return e.holder() > 0 })
}

// awaitLong waits for a condition on a machine that may be busy.
func awaitLong(t testing.TB, what string, condition func() bool) {
	t.Helper()
	begin := time.Now()
	for ; !condition(); time.Sleep(50 * time.Millisecond) {
		if time.Since(begin) > 90*time.Second {
			t.Fatalf("no %s", what)
		}
	}
	if took := time.Since(begin); took > 3*time.Second {
		t.Logf("%s took %v", what, took.Round(time.Millisecond))
	}
}

func (e *privateEngine) address() string { return "unix://" + e.dir + "/docker.sock" }

// holder is the process that keeps the namespaces.
func (e *privateEngine) holder() int {
	text, _ := os.ReadFile(filepath.Join(e.dir, "holder"))
	pid, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return pid
}

// inside is a command in the engine's namespaces.
func (e *privateEngine) inside(args ...string) *exec.Cmd {
	cmd := exec.Command("nsenter", append([]string{"-t", strconv.Itoa(e.holder()), "-m", "-n", "--"}, args...)...)
	cmd.Env = append(os.Environ(), "VALELAB_RUN="+e.root)
	return cmd
}

// start starts the engine.
func (e *privateEngine) start() {
	e.t.Helper()
	log, err := os.OpenFile(filepath.Join(e.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		e.t.Fatal(err)
	}
	defer log.Close()
	os.Remove(filepath.Join(e.dir, "pid")) // of one that was killed
	cmd := e.inside(append([]string{engineProgram(), "--data-root", e.dir + "/data", "--exec-root", e.dir + "/exec", "--pidfile", e.dir + "/pid",
		"-H", e.address(), "--storage-driver", "vfs", "--ip6tables=false", "--userland-proxy=false"}, e.args...)...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		e.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // how it ends is nobody's question: what it does not do fails
		close(ended)
	}()
	e.pid = cmd.Process.Pid
	awaitLong(e.t, "answer of the engine", func() bool {
		select {
		case <-ended:
			text, _ := os.ReadFile(filepath.Join(e.dir, "log"))
			e.t.Fatalf("the engine has ended:\n%s", lastLines(text, 20))
		default:
		}
		return exec.Command("docker", "-H", e.address(), "version").Run() == nil
	})
}

// stop ends the engine with a signal.
func (e *privateEngine) stop(signal syscall.Signal) {
	e.t.Helper()
	_ = syscall.Kill(e.pid, signal)
	awaitLong(e.t, "end of the engine", func() bool { return syscall.Kill(e.pid, 0) != nil })
	e.clearContainerd()
}

// clearContainerd waits for the end of the containerd of an engine that was killed,
// and removes its pid file, which keeps the next from starting.
func (e *privateEngine) clearContainerd() {
	e.t.Helper()
	root := e.dir + "/exec"
	if i := slices.Index(e.args, "--exec-root"); i >= 0 {
		root = e.args[i+1]
	}
	file := fmt.Sprintf("/proc/%d/root%s/containerd/containerd.pid", e.holder(), root)
	text, err := os.ReadFile(file)
	if err != nil {
		return // it has ended in order
	}
	awaitLong(e.t, "end of containerd", func() bool {
		line, _ := os.ReadFile("/proc/" + strings.TrimSpace(string(text)) + "/cmdline")
		return !strings.Contains(string(line), root)
	})
	os.Remove(file)
}

// end ends everything and looks for what is left.
func (e *privateEngine) end() {
	if e.t.Failed() {
		for _, name := range []string{"plugin.log", "log"} {
			text, _ := os.ReadFile(filepath.Join(e.dir, name))
			e.t.Logf("%s:\n%s", name, lastLines(text, 100))
		}
	}
	ids, _ := exec.Command("docker", "-H", e.address(), "ps", "-aq").Output()
	for _, id := range strings.Fields(string(ids)) {
		_ = exec.Command("docker", "-H", e.address(), "rm", "-f", id).Run() // of a test that failed
	}
	e.stopPlugin()
	if syscall.Kill(e.pid, 0) == nil {
		e.stop(syscall.SIGTERM)
	}
	for _, process := range processesOf(e.t.(*testing.T), e.dir) {
		if pid, err := strconv.Atoi(strings.Split(process, "/")[2]); err == nil {
			for _, container := range childrenOf(pid) { // of an engine that did not start again
				_ = syscall.Kill(container, syscall.SIGKILL)
			}
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	if left, _ := os.ReadDir(e.root); len(left) > 0 {
		e.t.Errorf("left in %s: %v", e.root, left)
	}
	for _, process := range processesOf(e.t.(*testing.T), e.root) {
		e.t.Errorf("process is left: %s", process)
		if pid, err := strconv.Atoi(strings.Split(process, "/")[2]); err == nil {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	_ = syscall.Kill(e.holder(), syscall.SIGKILL)
	_ = e.cmd.Process.Kill()
	_ = e.cmd.Wait()
	os.RemoveAll(e.root)
	os.RemoveAll(e.root + "-netmap")
	unmountBelow(e.dir)
	os.RemoveAll(e.dir)
}

// childrenOf lists the children of a process.
func childrenOf(pid int) (children []int) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, file := range files {
		text, _ := os.ReadFile(file)
		for _, word := range strings.Fields(string(text)) {
			if child, err := strconv.Atoi(word); err == nil {
				children = append(children, child)
			}
		}
	}
	return children
}

// unmountBelow unmounts what a killed engine has left.
func unmountBelow(dir string) {
	mounts, _ := os.ReadFile("/proc/self/mountinfo")
	for line := range strings.Lines(string(mounts)) {
		if f := strings.Fields(line); len(f) > 4 && strings.HasPrefix(f[4], dir+"/") {
			_ = unix.Unmount(f[4], unix.MNT_DETACH)
		}
	}
}

// startPlugin starts the plugin and waits until it listens.
func (e *privateEngine) startPlugin(args ...string) {
	e.t.Helper()
	e.startPluginAt("/run/docker/plugins/valelab.sock", args...)
}

// startPluginAt is startPlugin with a socket that is elsewhere.
func (e *privateEngine) startPluginAt(socket string, args ...string) {
	e.t.Helper()
	log, err := os.OpenFile(filepath.Join(e.dir, "plugin.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		e.t.Fatal(err)
	}
	defer log.Close()
	e.plugin = e.inside(append([]string{e.program, "plugin", "serve", "--data", e.dir + "/plugin", "--engine", e.address()}, args...)...)
	e.plugin.Stdout, e.plugin.Stderr = log, log
	if err := e.plugin.Start(); err != nil {
		e.t.Fatal(err)
	}
	awaitLong(e.t, "socket of the plugin", func() bool {
		conn, err := net.Dial("unix", fmt.Sprintf("/proc/%d/root%s", e.holder(), socket))
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

// stopPlugin ends the plugin in order.
func (e *privateEngine) stopPlugin() { e.endPlugin(syscall.SIGTERM) }

func (e *privateEngine) endPlugin(signal syscall.Signal) {
	if e.plugin == nil {
		return
	}
	_ = e.plugin.Process.Signal(signal)
	if err := e.plugin.Wait(); err != nil && signal == syscall.SIGTERM {
		e.t.Errorf("the plugin, asked to end: %v", err)
	}
	e.plugin = nil
}

// docker runs a command of the engine's that must succeed.
func (e *privateEngine) docker(args ...string) string {
	e.t.Helper()
	out, err := e.try(args...)
	if err != nil {
		e.t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func (e *privateEngine) try(args ...string) (string, error) {
	out, err := exec.Command("docker", append([]string{"-H", e.address()}, args...)...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// run starts a container on a network, for which netmap programs find their
// ports.
func (e *privateEngine) run(name, network string, args ...string) {
	e.t.Helper()
	e.docker(e.runArgs(name, network, args...)...)
}

func (e *privateEngine) runArgs(name, network string, args ...string) []string {
	door := filepath.Join(e.root+"-netmap", "valelab")
	all := append([]string{"run", "-d", "--name", name, "--stop-signal", "KILL", "--network", network, "-v", door + ":/run/valelab:ro"}, args...)
	return append(all, imageName, "/bin/sleep", "100000")
}

// runPair runs containers c1 and c2 with addresses .11 and .12 at the same time.
func (e *privateEngine) runPair(network, subnet string, args ...string) {
	e.t.Helper()
	var wg sync.WaitGroup
	var faults [2]string
	for i := range faults {
		wg.Go(func() {
			address := []string{"--ip", fmt.Sprintf("%s.1%d", subnet, i+1)}
			out, err := e.try(e.runArgs(fmt.Sprintf("c%d", i+1), network, append(address, args...)...)...)
			if err != nil {
				faults[i] = fmt.Sprintf("run c%d: %v\n%s", i+1, err, out)
			}
		})
	}
	wg.Wait()
	if text := strings.Join(faults[:], ""); text != "" {
		e.t.Fatal(text)
	}
}

// ping waits until a container reaches another by name.
func (e *privateEngine) ping(from, to string) {
	e.t.Helper()
	awaitLong(e.t, "answer of "+to, func() bool {
		_, err := e.try("exec", from, "ping", "-c", "1", "-W", "1", to)
		return err == nil
	})
}

// lab asks the agent what it has; nil: there is none.
func (e *privateEngine) lab() *agent.Lab {
	client := agent.Dial(filepath.Join(e.root, "valelab"))
	defer client.Close()
	lab, err := client.Lab(e.t.Context())
	if err != nil {
		return nil
	}
	return lab
}

// process is the lab's keeper or agent, 0 if there is none.
func (e *privateEngine) process(role string) int {
	for _, line := range processesOf(e.t.(*testing.T), e.root) {
		if strings.Contains(line, "valelab-"+role) {
			pid, _ := strconv.Atoi(strings.Split(line, "/")[2])
			return pid
		}
	}
	return 0
}

// kill kills the lab's keeper or agent.
func (e *privateEngine) kill(role string) {
	e.t.Helper()
	pid := e.process(role)
	if pid == 0 {
		e.t.Fatalf("there is no %s to kill", role)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		e.t.Fatal(err)
	}
}

// endpoints are the labels of all endpoints, sorted.
func (e *privateEngine) endpoints() string {
	lab := e.lab()
	if lab == nil {
		return "no agent"
	}
	var all []string
	for _, endpoint := range lab.Endpoints {
		all = append(all, endpoint.Shown)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// awaitEndpoints waits until the endpoints match, and there are no others.
func (e *privateEngine) awaitEndpoints(want string) {
	e.t.Helper()
	got, ok := "", false
	defer func() {
		if !ok {
			e.t.Logf("endpoints: %s", got)
		}
	}()
	awaitLong(e.t, "endpoints "+want, func() bool {
		got = e.endpoints()
		ok, _ = path.Match(want, got) // the pattern is ours
		return ok
	})
}

// stats returns the packets of the rings of an endpoint, in one direction.
func (e *privateEngine) stats(label, dir string) (packets uint64) {
	e.t.Helper()
	return e.statsOf("valelab", label, dir)
}

// statsOf is stats of a plugin of another name.
func (e *privateEngine) statsOf(lab, label, dir string) (packets uint64) {
	e.t.Helper()
	cmd := exec.Command("valelab", "stats", lab, "-f", "json")
	cmd.Env = append(os.Environ(), "VALELAB_RUN="+e.root)
	out, err := cmd.Output()
	if err != nil {
		e.t.Fatalf("stats: %v", err)
	}
	var s struct {
		Rings []struct {
			Node, Interface, Dir string
			Host                 bool
			Packets              uint64
		}
	}
	if err := json.Unmarshal(out, &s); err != nil {
		e.t.Fatal(err)
	}
	for _, r := range s.Rings {
		if fmt.Sprintf("%s:%s", r.Node, r.Interface) == label && r.Dir == dir && !r.Host {
			packets += r.Packets
		}
	}
	return packets
}
