//go:build bench

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// The measure of the plugin's attachments: so many of each, at most that many
// times what the built-in bridge takes.
const (
	attachRounds = 31
	attachMost   = 1.2
)

// benchPlugin is an engine with a network of the plugin and one of the built-in
// bridge driver, and on each two containers that reach each other.
func benchPlugin(t *testing.T) *privateEngine {
	needRoot(t)
	e := newEngine(t)
	e.startPlugin()
	e.docker("network", "create", "-d", "valelab", "--subnet", "10.9.0.0/24", "-o", "switch=left", "plugged")
	e.docker("network", "create", "-d", "bridge", "--subnet", "10.10.0.0/24", "bridged")
	e.runPair("plugged", "10.9.0")
	for i := range 2 {
		e.docker(e.runArgs(fmt.Sprint("b", i+1), "bridged", "--ip", fmt.Sprintf("10.10.0.1%d", i+1))...)
	}
	e.ping("c1", "c2")
	e.ping("b1", "b2")
	e.awaitEndpoints("c1:eth0 c2:eth0")
	return e
}

// endBench removes what benchPlugin made.
func endBench(e *privateEngine) {
	e.docker("rm", "-f", "c1", "c2", "b1", "b2")
	e.docker("network", "rm", "plugged", "bridged")
	endPlugin(e)
}

// TestBenchPluginTraffic prints what goes between programs of both kinds on a
// network of the plugin, beside one of the bridge driver.
func TestBenchPluginTraffic(t *testing.T) {
	e := benchPlugin(t)
	mac := e.docker("exec", "c2", "cat", "/sys/class/net/eth0/address")
	pktgen := func(name string, args ...string) *exec.Cmd {
		all := []string{"-H", e.address(), "exec", name, "/run/valelab/bin/valelab", "pktgen", args[0], "-i", "netmap:eth0", "--interval", "0"}
		return exec.Command("docker", append(all, args[1:]...)...)
	}
	tx := func() *exec.Cmd {
		return pktgen("c1", "tx", "--duration", floodTime.String(), "--dst-mac", mac, "--src-ip", "10.9.0.11", "--dst-ip", "10.9.0.12")
	}
	rx := pktgen("c2", "rx", "--idle-timeout", "1s")
	e.benchFlow("netmap to netmap", rx, func(string) bool { return e.modeOf("c2:eth0") == "netmap" }, tx())
	sink := func(name, address string) *exec.Cmd { return e.inContainer(name, "netprobe", "sink", address) }
	ready := func(printed string) bool { return strings.Contains(printed, "ready") }
	e.benchFlow("netmap to sockets", sink("c2", "10.9.0.12:9"), ready, tx())
	e.benchFlow("sockets to sockets", sink("c2", "10.9.0.12:9"), ready, e.inContainer("c1", "netprobe", "flood", "10.9.0.12:9"))
	e.benchFlow("the same, bridge driver", sink("b2", "10.10.0.12:9"), ready, e.inContainer("b1", "netprobe", "flood", "10.10.0.12:9"))
	fmt.Printf("a TCP stream: %s, bridge driver %s\n", e.benchStream("c1", "c2", "10.9.0.12"), e.benchStream("b1", "b2", "10.10.0.12"))
	endBench(e)
}

// modeOf is how an endpoint is used.
func (e *privateEngine) modeOf(label string) string {
	if lab := e.lab(); lab != nil {
		for _, endpoint := range lab.Endpoints {
			if endpoint.Shown == label {
				return string(endpoint.Mode)
			}
		}
	}
	return ""
}

// output takes what a program prints. It may be read meanwhile.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// benchFlow lets a sender send to a receiver once that is ready, by what it has
// printed, and prints the rates.
func (e *privateEngine) benchFlow(what string, receiver *exec.Cmd, ready func(printed string) bool, sender *exec.Cmd) {
	t := e.t
	t.Helper()
	got := new(output)
	receiver.Stdout, receiver.Stderr = got, got
	if err := receiver.Start(); err != nil {
		t.Fatal(err)
	}
	awaitLong(t, "receiver", func() bool { return ready(got.String()) })
	sent, err := sender.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", what, err, sent)
	}
	if err := receiver.Wait(); err != nil {
		t.Fatalf("%s: %v\n%s", what, err, got.String())
	}
	fmt.Printf("%-24s %s Mpps sent, %s Mpps received\n", what+":", mpps(t, string(sent)), mpps(t, got.String()))
}

// mpps is the rate that a report tells of.
func mpps(t testing.TB, report string) string {
	t.Helper()
	m := trafficReport.FindStringSubmatch(report)
	if m == nil {
		t.Fatalf("no summary in:\n%s", report)
	}
	n, _ := strconv.ParseFloat(m[2], 64)
	seconds, _ := strconv.ParseFloat(m[4], 64)
	return fmt.Sprintf("%.2f", n/max(seconds, 1e-9)/1e6)
}

// benchStream is the rate of a TCP stream.
func (e *privateEngine) benchStream(from, to, address string) string {
	t := e.t
	t.Helper()
	server := e.inContainer(to, "iperf3", "-s", "-1")
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	var report struct {
		End struct {
			Received struct {
				Rate float64 `json:"bits_per_second"`
			} `json:"sum_received"`
		}
	}
	awaitLong(t, "stream", func() bool {
		out, err := e.inContainer(from, "iperf3", "-J", "-t", "3", "-c", address).Output()
		return err == nil && json.Unmarshal(out, &report) == nil
	})
	_ = server.Wait()
	return fmt.Sprintf("%.1f Gbit/s", report.End.Received.Rate/1e9)
}

// TestBenchPluginAttach prints how long it takes to connect a container that runs
// to a network, and to start one on a network, with the plugin and with the bridge
// driver. They take turns; the medians count.
func TestBenchPluginAttach(t *testing.T) {
	e := benchPlugin(t)
	e.docker("network", "create", "-d", "valelab", "--subnet", "10.11.0.0/24", "-o", "switch=right", "plugged2")
	e.docker("network", "create", "-d", "bridge", "--subnet", "10.12.0.0/24", "bridged2")
	e.docker("create", "--name", "starts", "--network", "plugged", "--stop-signal", "KILL", imageName, "/bin/sleep", "100000")
	e.docker("create", "--name", "startb", "--network", "bridged", "--stop-signal", "KILL", imageName, "/bin/sleep", "100000")
	post := func(path, body string, want int) time.Duration {
		e.t.Helper()
		begin := time.Now()
		if status := ask(e.t, strings.TrimPrefix(e.address(), "unix://"), "POST", path, strings.NewReader(body), nil); status != want {
			e.t.Fatalf("%s: status %d", path, status)
		}
		return time.Since(begin)
	}
	change := func(network, what, container string) time.Duration {
		return post("/networks/"+network+"/"+what, fmt.Sprintf(`{"Container": %q}`, container), http.StatusOK)
	}
	var connect, disconnect, start [2][]time.Duration // by network
	for round := range 2 * attachRounds {
		i := order(round)
		network := []string{"plugged2", "bridged2"}[i]
		connect[i] = append(connect[i], change(network, "connect", "c1"))
		disconnect[i] = append(disconnect[i], change(network, "disconnect", "c1"))
	}
	for round := range 2 * attachRounds {
		i := order(round)
		name := []string{"starts", "startb"}[i]
		start[i] = append(start[i], post("/containers/"+name+"/start", "", http.StatusNoContent))
		post("/containers/"+name+"/stop", "", http.StatusNoContent)
	}
	e.report("connect to a network", connect)
	e.report("disconnect", disconnect)
	e.report("start on a network", start)
	e.docker("rm", "-f", "starts", "startb")
	e.docker("network", "rm", "plugged2", "bridged2")
	endBench(e)
}

// order lets two take turns, so that none always comes after the other.
func order(round int) int { return (round + round/2) % 2 }

func (e *privateEngine) report(what string, took [2][]time.Duration) {
	ours, bridge := middle(took[0]), middle(took[1])
	ratio := float64(ours) / float64(bridge)
	fmt.Printf("%s: %s, bridge driver %s: %.2f times (at most %.2f)\n",
		what, ours.Round(10*time.Microsecond), bridge.Round(10*time.Microsecond), ratio, attachMost)
	if ratio > attachMost {
		e.t.Errorf("%s: more than %.2f times", what, attachMost)
	}
}
