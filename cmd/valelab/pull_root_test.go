package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Images are pulled as the lab file says: when there is none, always, or never.
func TestRootImagePull(t *testing.T) {
	needEngine(t)
	r := newRegistry(t)
	t.Cleanup(func() { ask(t, engineSocket, "DELETE", "/images/"+r.image, nil, nil) })
	deploy := func(name, policy string) (string, error) {
		t.Helper()
		file := filepath.Join(t.TempDir(), name+".yml")
		text := fmt.Sprintf("name: %s\nnodes:\n  a: {image: %q, image-pull-policy: %s, cmd: sleep 1000}\n", name, r.image, policy)
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		l := newLab(t, file)
		out, err := l.command("deploy", file).CombinedOutput()
		l.valelab("destroy", name)
		l.checkNoContainers()
		return string(out), err
	}

	out, err := deploy("cpull0", "never")
	if err == nil || !strings.Contains(out, r.image) || !strings.Contains(out, "hint: ") || r.asked() != 0 {
		t.Errorf("never, and there is none: %v\n%s", err, out)
	}
	if out, err = deploy("cpull1", "missing"); err != nil || r.asked() == 0 {
		t.Errorf("missing, and there is none: %v\n%s", err, out)
	}
	if !strings.Contains(out, "pull") {
		t.Errorf("nothing is said of the pull:\n%s", out)
	}
	for policy, wants := range map[string]bool{"missing": false, "never": false, "always": true} {
		out, err := deploy("cpull2", policy)
		if asked := r.asked() > 0; err != nil || asked != wants {
			t.Errorf("%s, and there is one: asked %v, want %v; %v\n%s", policy, asked, wants, err, out)
		}
	}
}

// A container on the management network is reached at its published port, and
// what it writes into a volume with a name outlives it.
func TestRootContainerPortsAndVolumes(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	volume := fmt.Sprintf("valelab-test-%d", os.Getpid())
	t.Cleanup(func() { ask(t, engineSocket, "DELETE", "/volumes/"+volume, nil, nil) })
	file := labOf(t, "cports", fmt.Sprintf(`
switches: {s: {}}
nodes:
  web:
    image: IMAGE
    cmd: ["sh", "-c", "while true; do echo hello | busybox nc -l -p 8080; done"]
    mgmt: true
    ports: ["%s:8080"]
    volumes: ["%s:/kept"]
links:
  - endpoints: [web:eth1, s]
    ipv4: 10.0.0.1/24
`, address, volume))
	l := newContainerLab(t, file)
	if out := l.in("web", "ip", "-o", "addr"); !strings.Contains(out, ": eth0") || !strings.Contains(out, "10.0.0.1/24") {
		t.Errorf("interfaces:\n%s", out)
	}
	await(t, func() string {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			return err.Error()
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(time.Second))
		text := make([]byte, 5)
		if _, err := conn.Read(text); err != nil || string(text) != "hello" {
			return fmt.Sprintf("read %q, %v", text, err)
		}
		return ""
	})
	l.in("web", "sh", "-c", "echo kept > /kept/file")
	l.valelab("destroy", l.name)
	l.checkNoContainers()
	l.valelab("deploy", file)
	if got := l.in("web", "cat", "/kept/file"); got != "kept\n" {
		t.Errorf("the volume has %q", got)
	}
	l.valelab("destroy", l.name)
	l.checkNoContainers()
}

// A command with a startup delay starts that much later than its endpoints are up.
func TestRootContainerStartupDelay(t *testing.T) {
	file := labOf(t, "cdelay", "nodes:\n  a: {image: IMAGE, cmd: \"sh -c 'echo up; exec sleep 1000'\", startup-delay: 2}\n")
	l := newLab(t, file)
	began := time.Now()
	l.valelab("deploy", file)
	await(t, func() string {
		if out := l.valelab("logs", "a", "--lab", l.name); out != "up\n" {
			return fmt.Sprintf("the log has %q", out)
		}
		return ""
	})
	if after := time.Since(began); after < 2*time.Second {
		t.Errorf("the command runs after %s", after)
	}
	l.valelab("destroy", l.name)
	l.checkNoContainers()
}
