//go:build kernel

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/runtime/agent"
)

// A drivenPlugin is a plugin that a test drives as an engine does: no engine
// runs in the emulated machine.
type drivenPlugin struct {
	*testing.T
	root, socket, folder string
	cmd                  *exec.Cmd
}

func drivePlugin(t *testing.T) *drivenPlugin {
	root, err := os.MkdirTemp("/run", "vl")
	if err != nil {
		t.Fatal(err)
	}
	p := &drivenPlugin{T: t, root: root, folder: t.TempDir()}
	p.socket = filepath.Join(p.folder, "p.sock")
	p.cmd = p.command("plugin", "serve", "--socket", p.socket, "--data", p.folder+"/data", "--engine", "unix:///no/engine.sock")
	log := &bytes.Buffer{}
	p.cmd.Stderr = log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
		_ = p.cmd.Wait()
		if t.Failed() {
			t.Log(log.String())
			if out, err := p.command("plugin", "gc", "--data", p.folder+"/data").CombinedOutput(); err != nil {
				t.Logf("gc: %v %s", err, out)
			}
		}
		if left, _ := os.ReadDir(root); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
		os.RemoveAll(root)
	})
	await(t, func() string {
		_, err := os.Stat(p.socket)
		if err != nil {
			return err.Error()
		}
		return ""
	})
	return p
}

func (p *drivenPlugin) command(args ...string) *exec.Cmd {
	cmd := exec.Command("valelab", args...)
	cmd.Env = append(os.Environ(), "VALELAB_RUN="+p.root)
	return cmd
}

// ask sends a request that must be fulfilled. One that takes the plugin too long is
// sent again, as people do: in an emulated machine that has to wait for its
// processor, the first memory of the module takes more than the ten seconds.
func (p *drivenPlugin) ask(method string, request map[string]any) (answer map[string]any) {
	p.Helper()
	await(p.T, func() string {
		answer = p.post(method, request)
		fault, _ := answer["Err"].(string)
		if fault != "" && !strings.Contains(fault, "takes longer than") && !strings.Contains(fault, "is under way") {
			p.Fatalf("%s: %s", method, fault)
		}
		return fault
	})
	return answer
}

// post sends a request and returns the answer.
func (p *drivenPlugin) post(method string, request map[string]any) (answer map[string]any) {
	p.Helper()
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(context.Context, string, string) (net.Conn, error) { return net.Dial("unix", p.socket) },
	}}
	body, err := json.Marshal(request)
	if err != nil {
		p.Fatal(err)
	}
	resp, err := client.Post("http://plugin/NetworkDriver."+method, "application/json", bytes.NewReader(body))
	if err != nil {
		p.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil {
		err = json.Unmarshal(text, &answer)
	}
	if err != nil {
		p.Fatalf("%s: %v %s", method, err, text)
	}
	return answer
}

// agentLab is what the agent has.
func (p *drivenPlugin) agentLab() *agent.Lab {
	client := agent.Dial(filepath.Join(p.root, "valelab"))
	defer client.Close()
	lab, err := client.Lab(p.Context())
	if err != nil {
		return &agent.Lab{}
	}
	return lab
}

// endpointOf is a container's endpoint at the agent.
func (p *drivenPlugin) endpointOf(c *sandbox) agent.EndpointState {
	for _, e := range p.agentLab().Endpoints {
		if e.MAC == c.mac {
			return e
		}
	}
	return agent.EndpointState{}
}

// A sandbox is what an engine makes of a container's network: a namespace with a
// process, mounted at a path.
type sandbox struct {
	*drivenPlugin
	id, network, path string
	pid               int
	process           *exec.Cmd
	mac, address      string
}

// join makes a container on a network.
func (p *drivenPlugin) join(network, id, address string) *sandbox {
	p.Helper()
	c := &sandbox{drivenPlugin: p, id: id, network: network, path: filepath.Join(p.folder, id), address: address}
	door := filepath.Join(p.root+"-netmap", "valelab")
	c.process = exec.Command("/bin/busybox", "sh", "-c", "busybox mount --make-rprivate / && busybox mkdir -p /run/valelab && "+
		"busybox mount --bind "+door+" /run/valelab && echo ready && exec busybox sleep 100000")
	c.process.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET | unix.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	c.process.Stderr = os.Stderr
	out, err := c.process.StdoutPipe()
	if err == nil {
		err = c.process.Start()
	}
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(c.die)
	c.pid = c.process.Process.Pid
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		p.Fatalf("container: %q %v", line, err)
	}
	if err := os.WriteFile(c.path, nil, 0o600); err != nil {
		p.Fatal(err)
	}
	if err := unix.Mount(fmt.Sprintf("/proc/%d/ns/net", c.pid), c.path, "", unix.MS_BIND, ""); err != nil {
		p.Fatal(err)
	}
	made := p.ask("CreateEndpoint", map[string]any{"NetworkID": network, "EndpointID": id, "Interface": map[string]any{"Address": address + "/24"}})
	c.mac = made["Interface"].(map[string]any)["MacAddress"].(string)
	joined := p.ask("Join", map[string]any{"NetworkID": network, "EndpointID": id, "SandboxKey": c.path})
	source := joined["InterfaceName"].(map[string]any)["SrcName"].(string)
	link, err := netlink.LinkByName(source)
	if err == nil {
		err = netlink.LinkSetNsPid(link, c.pid)
	}
	if err != nil {
		p.Fatal(err)
	}
	c.in("ip", "link", "set", source, "name", "eth0")
	c.in("ip", "addr", "add", address+"/24", "dev", "eth0")
	c.in("ip", "link", "set", "eth0", "up")
	await(p.T, func() string { // it is known by its name, and the namespace is held
		if e := p.endpointOf(c); !strings.HasSuffix(e.Shown, ":eth0") {
			return "endpoint " + e.Shown
		}
		if !c.held() {
			return "the namespace of " + c.id + " is not held"
		}
		return ""
	})
	return c
}

// held says whether the agent holds the container's namespace: the container may
// end at any time, and its device goes with its namespace.
func (c *sandbox) held() bool {
	own, err := os.Stat(fmt.Sprintf("/proc/%d/ns/net", c.pid))
	if err != nil {
		c.Fatal(err)
	}
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", c.agentPID()))
	return slices.ContainsFunc(files, func(file string) bool {
		other, err := os.Stat(file)
		return err == nil && os.SameFile(own, other)
	})
}

// command is one in the container: with its folders, or with its network only.
func (c *sandbox) command(folders bool, args ...string) *exec.Cmd {
	enter := []string{"nsenter", "-t", strconv.Itoa(c.pid), "-n"}
	if folders {
		enter = append(enter, "-m")
	}
	return exec.Command("/bin/busybox", append(append(enter, "--"), args...)...)
}

// in runs a command of busybox in the container's network, which must succeed.
func (c *sandbox) in(args ...string) {
	c.Helper()
	if out, err := c.command(false, append([]string{"/bin/busybox"}, args...)...).CombinedOutput(); err != nil {
		c.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// reaches waits until one container gets another's answer.
func (c *sandbox) reaches(other *sandbox) {
	c.Helper()
	await(c.T, func() string {
		out, err := c.command(false, "/bin/busybox", "ping", "-c", "1", "-W", "2", other.address).CombinedOutput()
		if err != nil {
			return string(out)
		}
		return ""
	})
}

// die is the end of a container of which nobody tells: the engine was killed.
func (c *sandbox) die() {
	if c.process.ProcessState != nil {
		return
	}
	_ = c.process.Process.Kill()
	_ = c.process.Wait()
	_ = unix.Unmount(c.path, unix.MNT_DETACH)
}

// gone takes the container off its network.
func (c *sandbox) gone() {
	c.Helper()
	c.ask("DeleteEndpoint", map[string]any{"NetworkID": c.network, "EndpointID": c.id})
}

// program is where the valelab of this test is.
func program(t *testing.T) string {
	path, err := exec.LookPath("valelab")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// receives has a container receive by netmap what another one sends, and returns
// once it has. library says that they go through valelab's: else they open their
// interfaces from the module itself, as programs for the plugin of old did.
func (c *sandbox) receives(from *sandbox, library bool) {
	c.Helper()
	sink := c.command(library, program(c.T), "pktgen", "rx", "-i", "netmap:eth0", "--count", "500", "--interval", "0")
	var out bytes.Buffer
	sink.Stdout, sink.Stderr = &out, &out
	if err := sink.Start(); err != nil {
		c.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- sink.Wait() }()
	await(c.T, func() string {
		if e := c.endpointOf(c); library && e.Mode != agent.ModeNetmap {
			return fmt.Sprintf("endpoint %+v %s", e, out.String())
		}
		return ""
	})
	await(c.T, func() string { // what the sink is too slow for is lost
		sent, err := from.command(library, program(c.T), "pktgen", "tx", "-i", "netmap:eth0", "--count", "500", "--rate", "2000",
			"--interval", "0", "--size", "60", "--dst-mac", c.mac).CombinedOutput()
		if err != nil {
			c.Fatalf("send: %v\n%s", err, sent)
		}
		select {
		case err := <-ended:
			if err != nil {
				c.Fatalf("receive: %v\n%s", err, out.String())
			}
			return ""
		default:
			return "it has not received all"
		}
	})
}

// TestKernelPlugin is a network of the Docker plugin on the module: sockets and
// netmap programs, a program that needs no library, an agent that is killed, and a
// container that dies without a word.
func TestKernelPlugin(t *testing.T) {
	p := drivePlugin(t)
	network := map[string]any{"NetworkID": "net1", "Options": map[string]any{
		"com.docker.network.generic": map[string]any{"slice_id": "111"}}, // auto: it takes the module
	}
	p.ask("CreateNetwork", network)
	if lab := p.agentLab(); len(lab.Switches) != 1 || !lab.Switches[0].Kernel || lab.Switches[0].Name != "vale111" {
		t.Fatalf("switches: %+v", lab.Switches)
	}
	c1, c2 := p.join("net1", "e1", "10.9.0.2"), p.join("net1", "e2", "10.9.0.3")
	c1.reaches(c2)

	// TCP moves nothing where checksums are left to the module.
	server := c2.command(false, "/bin/busybox", "nc", "-l", "-p", "9000")
	var got bytes.Buffer
	server.Stdout = &got
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	await(t, func() string {
		client := c1.command(false, "/bin/busybox", "nc", "-w", "5", c2.address, "9000")
		client.Stdin = strings.NewReader("hello\n")
		if out, err := client.CombinedOutput(); err != nil {
			return string(out)
		}
		return ""
	})
	if err := server.Wait(); err != nil || got.String() != "hello\n" {
		t.Errorf("TCP: %v %q", err, got.String())
	}

	c2.receives(c1, true)
	c1.reaches(c2)
	c2.receives(c1, false)
	c1.reaches(c2)

	before := p.agentPID()
	_ = syscall.Kill(before, syscall.SIGKILL)
	await(t, func() string {
		if pid := p.agentPID(); pid == 0 || pid == before {
			return "no other agent"
		}
		return ""
	})
	c1.reaches(c2)
	c2.receives(c1, true)
	if !c2.held() {
		t.Error("another agent does not hold the namespace")
	}

	c2.die() // the module must not lose its device with it
	c2.gone()
	c3 := p.join("net1", "e3", "10.9.0.3")
	c1.reaches(c3)
	c1.gone()
	c3.gone()
	if c1.agentPID() == 0 || c1.held() || c3.held() {
		t.Error("a namespace is held for nothing")
	}
	p.ask("DeleteNetwork", map[string]any{"NetworkID": "net1"})
}

// agentPID is the agent's process; 0: it does not answer.
func (p *drivenPlugin) agentPID() int {
	client := agent.Dial(filepath.Join(p.root, "valelab"))
	defer client.Close()
	v, err := client.Version(p.Context())
	if err != nil {
		return 0
	}
	return v.PID
}

// TestKernelPluginUplink has an interface of the machine on a network that is on
// the module.
func TestKernelPluginUplink(t *testing.T) {
	p := drivePlugin(t)
	up := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "up0"}, PeerName: "up1"}
	if err := netlink.LinkAdd(up); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = netlink.LinkDel(up) })
	station := exec.Command("/bin/busybox", "sleep", "100000")
	station.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if err := station.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = station.Process.Kill()
		_ = station.Wait()
	})
	outside := &sandbox{drivenPlugin: p, id: "station", pid: station.Process.Pid, address: "10.9.0.200"}
	end, err := netlink.LinkByName("up1")
	if err == nil {
		err = netlink.LinkSetNsPid(end, outside.pid)
	}
	if err == nil {
		err = netlink.LinkSetUp(up)
	}
	if err != nil {
		t.Fatal(err)
	}
	outside.in("ip", "addr", "add", outside.address+"/24", "dev", "up1")
	outside.in("ip", "link", "set", "up1", "up")

	p.ask("CreateNetwork", map[string]any{"NetworkID": "net1", "Options": map[string]any{
		"com.docker.network.generic": map[string]any{"netmap": "kernel", "uplink": "up0"}},
	})
	c1 := p.join("net1", "e1", "10.9.0.2")
	outside.reaches(c1)
	c1.reaches(outside)
	c1.gone()
	p.ask("DeleteNetwork", map[string]any{"NetworkID": "net1"})
	if link, err := netlink.LinkByName("up0"); err != nil || link.Attrs().Alias != "" || link.Attrs().Promisc != 0 {
		t.Errorf("the interface is not as it was: %+v %v", link, err)
	}
}
