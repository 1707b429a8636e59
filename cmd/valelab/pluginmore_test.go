//go:build soak

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// insideDo runs a command in the engine's namespaces that must succeed.
func (e *privateEngine) insideDo(args ...string) string {
	e.t.Helper()
	out, err := e.inside(args...).CombinedOutput()
	if err != nil {
		e.t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// outside is a station beyond an interface of the machine's, up0: a namespace
// with an address on the containers' subnets.
func (e *privateEngine) outside(addresses ...string) (ping func(to string) bool) {
	e.t.Helper()
	holder := e.inside("unshare", "-n", "sleep", "100000")
	if err := holder.Start(); err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() {
		_ = holder.Process.Kill()
		_ = holder.Wait()
	})
	pid := fmt.Sprint(holder.Process.Pid)
	there := func(args ...string) *exec.Cmd {
		return exec.Command("nsenter", append([]string{"-t", pid, "-n", "--"}, args...)...)
	}
	awaitLong(e.t, "namespace of the station", func() bool {
		own, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", e.holder()))
		other, oerr := os.Readlink("/proc/" + pid + "/ns/net")
		machine, merr := os.Readlink("/proc/self/ns/net") // where it begins
		return errors.Join(err, oerr, merr) == nil && own != other && machine != other
	})
	e.insideDo("ip", "link", "add", "up0", "type", "veth", "peer", "name", "up1", "netns", pid)
	e.insideDo("ip", "link", "set", "up0", "up")
	for _, args := range append([][]string{{"ip", "link", "set", "up1", "up"}}, addressCommands(addresses)...) {
		if out, err := there(args...).CombinedOutput(); err != nil {
			e.t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	return func(to string) bool { return there("busybox", "ping", "-c", "1", "-W", "1", to).Run() == nil }
}

func addressCommands(addresses []string) (all [][]string) {
	for _, a := range addresses {
		all = append(all, []string{"ip", "addr", "add", a, "dev", "up1", "nodad"})
	}
	return all
}

// TestSoakPluginUplink has an interface of the machine on a network's switch, and
// gives it back.
func TestSoakPluginUplink(t *testing.T) {
	needRoot(t)
	e := newEngine(t)
	pings := e.outside("10.9.0.200/24")
	before := e.insideDo("ip", "-d", "link", "show", "up0")
	e.startPlugin()
	e.docker("network", "create", "-d", "valelab", "--subnet", "10.9.0.0/24", "-o", "uplink=up0", "mynet")
	e.run("c1", "mynet", "--ip", "10.9.0.2")
	awaitLong(t, "answer from outside", func() bool {
		_, err := e.try("exec", "c1", "ping", "-c", "1", "-W", "1", "10.9.0.200")
		return err == nil
	})
	awaitLong(t, "answer to outside", func() bool { return pings("10.9.0.2") })
	if out := e.valelab("inspect", "valelab"); !strings.Contains(out, "up0") {
		t.Errorf("inspect:\n%s", out)
	}
	e.kill("keeper") // and with it everything: it is made anew, on the same interface
	e.kill("agent")
	awaitLong(t, "answer to outside after a death", func() bool { return pings("10.9.0.2") })
	if out, err := e.try("network", "create", "-d", "valelab", "-o", "uplink=up7", "other"); err == nil || !strings.Contains(out, "up7") {
		t.Errorf("an interface that is not there: %v %s", err, out)
	}
	e.docker("rm", "-f", "c1")
	e.docker("network", "rm", "mynet")
	if after := e.insideDo("ip", "-d", "link", "show", "up0"); after != before {
		t.Errorf("the interface was\n%sand is\n%s", before, after)
	}
	endPlugin(e)
}

// TestSoakPluginIPv6 reaches a container, the machine and the container again
// after a restart, by IPv6.
func TestSoakPluginIPv6(t *testing.T) {
	needRoot(t)
	e := newEngine(t)
	e.startPlugin()
	e.docker("network", "create", "-d", "valelab", "--ipv6", "--subnet", "fd00:9::/64", "--gateway", "fd00:9::1", "--subnet", "10.9.0.0/24",
		"-o", "host=on", "-o", "gateway=on", "mynet")
	e.run("c1", "mynet", "--ip6", "fd00:9::11")
	e.run("c2", "mynet", "--ip6", "fd00:9::12")
	reach := func(what, to string) {
		t.Helper()
		awaitLong(t, what, func() bool {
			_, err := e.try("exec", "c1", "ping", "-6", "-c", "1", "-W", "1", to)
			return err == nil
		})
	}
	reach("answer of c2", "fd00:9::12")
	reach("answer of the machine", "fd00:9::1")
	if out := e.docker("exec", "c1", "ip", "-6", "route"); !strings.Contains(out, "default via fd00:9::1 dev eth0") {
		t.Errorf("routes:\n%s", out)
	}
	e.kill("keeper") // addresses and routes are made anew
	e.kill("agent")
	reach("answer of c2 after a death", "fd00:9::12")
	if out := e.docker("exec", "c1", "ip", "-6", "route"); !strings.Contains(out, "default via fd00:9::1 dev eth0") {
		t.Errorf("routes after a death:\n%s", out)
	}
	e.docker("restart", "-t", "0", "c2")
	reach("answer of c2 after a restart", "fd00:9::12")
	if out, err := e.try("network", "create", "-d", "valelab", "--ipv6", "--subnet", "fd00:8::/64", "-o", "mtu=1000", "small"); err == nil || !strings.Contains(out, "IPv6 needs at least 1280") {
		t.Errorf("an MTU that is too small: %v %s", err, out)
	}
	endNetwork(e, "mynet", "c1", "c2")
}

// TestSoakPluginLooks looks at networks as at labs.
func TestSoakPluginLooks(t *testing.T) {
	needRoot(t)
	e := newEngine(t)
	e.startPlugin()
	e.docker("network", "create", "-d", "valelab", "--subnet", "10.9.0.0/24", "-o", "switch=left", "mynet")
	e.run("web", "mynet", "--ip", "10.9.0.11")
	e.run("db", "mynet", "--ip", "10.9.0.12")
	e.awaitEndpoints("db:eth0 web:eth0")
	for _, command := range [][]string{{"inspect"}, {"stats"}} {
		if out := e.valelab(append(command, "valelab")...); !strings.Contains(out, "web:eth0") || !strings.Contains(out, "left") {
			t.Errorf("%v:\n%s", command, out)
		}
	}
	if out := e.valelab("inspect", "valelab"); !strings.Contains(out, "10.9.0.11/24") {
		t.Errorf("inspect has no addresses:\n%s", out)
	}
	picture := "lab valelab\n\nleft\n│  db\n●─── eth0  left  10.9.0.12/24\n│  web\n●─── eth0  left  10.9.0.11/24\n"
	if out := e.valelab("graph", "valelab"); out != picture {
		t.Errorf("graph:\n%swant:\n%s", out, picture)
	}
	top := exec.Command("valelab", "top", "valelab")
	top.Env = append(os.Environ(), "VALELAB_RUN="+e.root)
	screen, err := top.StdoutPipe()
	if err == nil {
		err = top.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for lines := bufio.NewScanner(screen); !found && lines.Scan(); {
		found = strings.Contains(lines.Text(), "web:eth0")
	}
	_ = top.Process.Kill() // where there is no terminal it goes on for ever
	_ = top.Wait()
	if !found {
		t.Error("top does not show web:eth0")
	}
	cmd := exec.Command("valelab", "capture", "web:eth0", "--lab", "valelab", "--filter", "icmp", "--count", "2")
	cmd.Env = append(os.Environ(), "VALELAB_RUN="+e.root)
	var packets, faults bytes.Buffer
	cmd.Stdout, cmd.Stderr = &packets, &faults
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	awaitLong(t, "two packets", func() bool {
		_, _ = e.try("exec", "db", "ping", "-c", "1", "-W", "1", "web")
		select {
		case err := <-ended:
			if err != nil {
				t.Fatalf("capture: %v\n%s", err, faults.String())
			}
			return true
		default:
			return false
		}
	})
	if packets.Len() < 2*98 {
		t.Errorf("%d bytes of packets", packets.Len())
	}
	endNetwork(e, "mynet", "web", "db")
}

// TestSoakPluginPorts gives interfaces a MAC, a name for people, rings and slots.
func TestSoakPluginPorts(t *testing.T) {
	needRoot(t)
	e := newEngine(t)
	e.startPlugin()
	e.docker("network", "create", "-d", "valelab", "--subnet", "10.9.0.0/24", "-o", "rings=2", "-o", "slots=256", "mynet")
	e.run("c1", "none")
	e.docker("network", "disconnect", "none", "c1")
	e.docker("network", "connect", "--driver-opt", "mac=02:00:00:00:09:09", "--driver-opt", "port=gate", "mynet", "c1")
	e.awaitEndpoints("gate:eth0")
	if mac := e.docker("exec", "c1", "cat", "/sys/class/net/eth0/address"); mac != "02:00:00:00:09:09" {
		t.Errorf("MAC %s", mac)
	}
	e.docker("exec", "-d", "c1", "/run/valelab/bin/valelab", "pktgen", "rx", "-i", "netmap:eth0")
	awaitLong(t, "two rings of 256 slots", func() bool {
		var s struct {
			Rings []struct {
				Title, Dir string
				Ring       int
				Slots      int
			}
		}
		if err := json.Unmarshal([]byte(e.valelab("stats", "valelab", "-f", "json")), &s); err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, r := range s.Rings {
			if r.Title == "gate:eth0" && r.Dir == "rx" && r.Ring < 2 && r.Slots == 256 {
				found++
			}
		}
		return found == 2
	})
	e.docker("network", "disconnect", "mynet", "c1")
	for option, want := range map[string]string{"prot=x": `did you mean "port"?`, "mac=03:00:00:00:00:01": "address of a group"} {
		if out, err := e.try("network", "connect", "--driver-opt", option, "mynet", "c1"); err == nil || !strings.Contains(out, want) {
			t.Errorf("%s: %v %s", option, err, out)
		}
	}
	endNetwork(e, "mynet", "c1")
}

// TestSoakPluginLate is a plugin that comes after the engine: what it leaves
// behind, doctor says.
func TestSoakPluginLate(t *testing.T) {
	needRoot(t)
	e := newEngine(t)
	e.startPlugin()
	e.docker("network", "create", "-d", "valelab", "--subnet", "10.9.0.0/24", "mynet")
	e.run("c1", "mynet", "--restart", "always")
	e.stop(syscall.SIGTERM)
	e.stopPlugin()
	e.start()
	if out := e.doctor(); !strings.Contains(out, "could not start c1 with itself") || !strings.Contains(out, "docker start c1;") {
		t.Errorf("doctor:\n%s", out)
	}
	e.startPlugin()
	e.docker("start", "c1")
	e.awaitRunning("c1")
	if out := e.doctor(); strings.Contains(out, "could not start") {
		t.Errorf("doctor after the start:\n%s", out)
	}
	endNetwork(e, "mynet", "c1")
}

// doctor is what doctor says in the engine's namespaces.
func (e *privateEngine) doctor() string {
	e.t.Helper()
	cmd := e.inside("valelab", "doctor")
	cmd.Env = append(cmd.Env, "DOCKER_HOST="+e.address())
	out, err := cmd.CombinedOutput()
	if err != nil {
		e.t.Fatalf("doctor: %v\n%s", err, out)
	}
	return string(out)
}
