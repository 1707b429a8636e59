//go:build kernel

package main

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/valelab/valelab/runtime/pcapng"
)

const kernelCaptureLab = `
name: kcapture
switches: {lan: {}}
nodes:
  src: {cmd: sleep infinity}
  sink: {cmd: sleep infinity}
links:
  - endpoints: [src:eth1, lan]
    mac: 02:00:00:00:00:01
    ipv4: 10.0.0.1/24
  - endpoints: [sink:eth1, lan]
    mac: 02:00:00:00:00:02
    ipv4: 10.0.0.2/24
`

// A capture on the module has the frames of an endpoint in whichever mode it is, of sockets as of programs: each once,
// in its direction and whole. The endpoint changes its mode as without a capture.
func TestKernelCapture(t *testing.T) {
	l := kernelLab(t, kernelCaptureLab)
	netprobe, err := exec.LookPath("netprobe")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "capture.pcapng")
	_, stop := l.startCapture("src:eth1", "sink:eth1", "src:eth1^", "-w", file)
	l.in("src", netprobe, "ping4", "10.0.0.2")

	const probes = 500
	sink := l.run("sink", "valelab", "pktgen", "rx", "-i", "netmap:eth1", "--interval", "0", "--idle-timeout", "2s")
	l.awaitMode("sink:eth1 rx0", "netmap")
	l.in("src", "valelab", "pktgen", "tx", "-i", "netmap:eth1", "--count", "500", "--rate", "2000", "--interval", "0",
		"--size", "100", "--dst-mac", "02:00:00:00:00:02")
	l.awaitMode("src:eth1 tx0", "socket")
	sink.ends()
	l.awaitMode("sink:eth1 rx0", "socket")

	host := l.run("src", "valelab", "pktgen", "rx", "-i", "netmap:eth1^", "--interval", "0", "--idle-timeout", "1s")
	l.awaitMode("src:eth1 rx0^", "netmap")
	l.in("src", netprobe, "none", "10.0.0.2:7")
	host.ends()
	l.awaitMode("src:eth1 rx0", "socket")
	l.in("sink", netprobe, "ping4", "10.0.0.1")
	if said := stop(); strings.Contains(said, "lost") {
		t.Errorf("capture said %q", said)
	}

	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	_, packets := readCapture(t, f)
	type flow struct {
		at   int // point
		what string
		out  bool
	}
	got := map[flow]int{}
	for _, p := range packets {
		what := kindOf(p.Data)
		got[flow{p.Interface, what, p.Direction == pcapng.Outbound}]++
		if what == "probe" && p.Len != 100 || p.Len != len(p.Data) {
			t.Errorf("a %s of %d bytes, %d of them captured", what, p.Len, len(p.Data))
		}
	}
	for _, want := range []struct {
		flow
		n int // 0: as many as at the other end
	}{
		{flow{0, "probe", true}, probes}, {flow{0, "probe", false}, -1}, {flow{1, "probe", false}, probes}, {flow{1, "probe", true}, -1},
		{flow{0, "echo", true}, got[flow{1, "echo", false}]}, {flow{1, "echo", true}, got[flow{0, "echo", false}]},
		{flow{0, "datagram", true}, -1}, {flow{2, "datagram", false}, got[flow{2, "datagram", false}]}, {flow{2, "datagram", true}, -1},
		{flow{2, "echo", true}, -1}, {flow{2, "probe", true}, -1},
	} {
		if n := got[want.flow]; n != max(want.n, 0) || want.n == 0 {
			t.Errorf("%+v: %d frames, want %d", want.flow, n, max(want.n, 0))
		}
	}
	if t.Failed() {
		t.Logf("%+v", got)
	}
}

// kindOf tells the frames of the test apart: pings, what pktgen sends, and datagrams to port 7.
func kindOf(frame []byte) string {
	if len(frame) < 38 || binary.BigEndian.Uint16(frame[12:]) != 0x0800 {
		return "other"
	}
	switch port := binary.BigEndian.Uint16(frame[36:]); {
	case frame[23] == 1 && frame[34] == 8:
		return "echo"
	case frame[23] == 17 && port == 9:
		return "probe"
	case frame[23] == 17 && port == 7:
		return "datagram"
	}
	return "other"
}
