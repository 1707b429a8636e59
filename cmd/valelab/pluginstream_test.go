//go:build soak

package main

import (
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// A stream is a TCP stream between two containers that lasts for some seconds.
type stream struct {
	e              *privateEngine
	server, client *exec.Cmd
	ended          chan error
	out            strings.Builder
}

// stream starts one; it runs once it returns.
func (e *privateEngine) stream(from, to, address string, seconds int) *stream {
	t := e.t
	t.Helper()
	s := &stream{e: e, ended: make(chan error, 1)}
	s.server = e.inContainer(to, "iperf3", "-s", "-1")
	if err := s.server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.server.Process.Kill(); _ = s.server.Wait() })
	awaitLong(t, "server", func() bool {
		out, err := e.inContainer(to, "ss", "-Hltn", "sport = :5201").Output()
		return err == nil && len(out) > 0
	})
	s.client = e.inContainer(from, "iperf3", "-c", address, "-t", fmt.Sprint(seconds))
	s.client.Stdout, s.client.Stderr = &s.out, &s.out
	if err := s.client.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.client.Process.Kill() })
	go func() { s.ended <- s.client.Wait() }()
	awaitLong(t, "stream", func() bool {
		out, err := e.inContainer(to, "ss", "-Htn", "state", "established", "sport = :5201").Output()
		return err == nil && strings.Count(string(out), "\n") > 1
	})
	return s
}

// running says whether the stream has not come to its end.
func (s *stream) running() bool { return len(s.ended) == 0 }

// wait waits for the stream's end: nothing that happened has broken it.
func (s *stream) wait() {
	s.e.t.Helper()
	if err := <-s.ended; err != nil || !strings.Contains(s.out.String(), "receiver") {
		s.e.t.Errorf("stream: %v\n%s", err, s.out.String())
	}
}

// TestSoakPluginStreams: connections and netmap programs live on while what is
// behind their switch is killed and replaced.
func TestSoakPluginStreams(t *testing.T) {
	needRoot(t)
	e := newEngine(t, "--live-restore")
	e.startPlugin()
	e.docker("network", "create", "-d", "valelab", "--subnet", "10.9.0.0/24", "-o", "switch=left", "mynet")
	e.runPair("mynet", "10.9.0", "--restart", "always")
	e.run("n1", "mynet", "--ip", "10.9.0.21")
	e.run("n2", "mynet", "--ip", "10.9.0.22")
	e.ping("c1", "c2")
	e.awaitEndpoints("c1:eth0 c2:eth0 n1:eth0 n2:eth0")
	e.docker("exec", "-d", "n2", "/run/valelab/bin/valelab", "pktgen", "rx", "-i", "netmap:eth0")
	sender := exec.Command("docker", "-H", e.address(), "exec", "n1",
		"sh", "-c", "/run/valelab/bin/valelab pktgen tx -i netmap:eth0 --rate 10k & echo $! >/tmp/pid; wait")
	if err := sender.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sender.Process.Kill(); _ = sender.Wait() })

	for _, c := range []struct {
		what    string
		seconds int // of the stream: longer than do takes
		do      func()
	}{
		{"nothing", 4, func() {}},
		{"the agent is killed", 4, func() { e.kill("agent") }},
		{"the plugin is killed", 4, func() { e.endPlugin(syscall.SIGKILL); e.startPlugin() }},
		{"the plugin is stopped", 4, func() { e.stopPlugin(); e.startPlugin() }},
		{"another build takes over", 6, func() { e.stopPlugin(); e.program = otherBuild(t, false); e.startPlugin() }},
		{"the engine is stopped", 15, func() { e.stop(syscall.SIGTERM); e.start() }},
		{"the engine is killed", 15, func() { e.stop(syscall.SIGKILL); e.start() }},
	} {
		s := e.stream("c1", "c2", "10.9.0.12", c.seconds)
		if c.do(); !s.running() {
			t.Logf("%s: the stream ended before that was done", c.what)
		}
		s.wait()
		before := e.stats("n2:eth0", "rx")
		awaitLong(t, "frames for the netmap program once "+c.what, func() bool { return e.stats("n2:eth0", "rx") > before+100 })
		e.docker("exec", "n1", "sh", "-c", "kill -0 $(cat /tmp/pid)") // the very program
		e.awaitEndpoints("c1:eth0 c2:eth0 n1:eth0 n2:eth0")
	}
	// The engine still has its endpoints by the old names.
	e.docker("network", "disconnect", "mynet", "c2")
	e.docker("network", "connect", "--ip", "10.9.0.12", "mynet", "c2")
	e.ping("c1", "c2")
	endNetwork(e, "mynet", "c1", "c2", "n1", "n2")
}
