package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/runtime/pcapng"
)

// captured is what a capture has of one interface.
type captured struct {
	Out, In, OutBytes, InBytes int // packets and bytes by direction
	Lost                       uint64
}

// readCapture reads a pcapng file by interface; it may be cut off.
func readCapture(t *testing.T, r io.Reader) (by map[string]captured, packets []pcapng.Packet) {
	t.Helper()
	by = map[string]captured{}
	var names []string
	blocks := pcapng.NewReader(r)
	for {
		kind, block, err := blocks.Next()
		if errors.Is(err, io.EOF) {
			return by, packets
		}
		if err != nil {
			t.Fatal(err)
		}
		switch kind {
		case pcapng.SectionHeader:
			names = nil
		case pcapng.InterfaceBlock:
			i, err := pcapng.ParseInterface(block)
			if err != nil || !i.Nanoseconds {
				t.Fatalf("interface %+v: %v", i, err)
			}
			names = append(names, i.Name)
			if _, ok := by[i.Name]; !ok {
				by[i.Name] = captured{}
			}
		case pcapng.EnhancedPacket:
			p, err := pcapng.ParsePacket(block)
			if err != nil {
				t.Fatal(err)
			}
			p.Data = bytes.Clone(p.Data)
			packets = append(packets, p)
			c := by[names[p.Interface]]
			if p.Direction == pcapng.Outbound {
				c.Out, c.OutBytes = c.Out+1, c.OutBytes+p.Len
			} else {
				c.In, c.InBytes = c.In+1, c.InBytes+p.Len
			}
			by[names[p.Interface]] = c
		case pcapng.InterfaceStatistics:
			i, s, err := pcapng.ParseStatistics(block)
			if err != nil {
				t.Fatal(err)
			}
			c := by[names[i]]
			c.Lost += s.Lost
			by[names[i]] = c
		}
	}
}

// startCapture starts a capture and waits until the agent has it. stop ends it
// as Ctrl-C does and returns what it says.
func (l *liveLab) startCapture(args ...string) (cmd *exec.Cmd, stop func() string) {
	l.t.Helper()
	cmd = l.command(append([]string{"capture", "--lab", l.name}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { cmd.Process.Kill() })
	l.awaitCaptures(1)
	return cmd, func() string {
		l.t.Helper()
		cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil {
			l.t.Fatalf("capture: %v\n%s", err, stderr.Bytes())
		}
		return stderr.String()
	}
}

func (l *liveLab) awaitCaptures(n int) {
	l.t.Helper()
	client := l.client()
	defer client.Close()
	await(l.t, func() string {
		list, err := client.Captures(l.t.Context())
		if err != nil || len(list) != n {
			return fmt.Sprintf("%d captures run, want %d: %v", len(list), n, err)
		}
		return ""
	})
}

// A capture has exactly the frames that the counters count, of ports in both
// modes, although most of them never come near a kernel; a filter takes its
// share of them.
func TestRootCaptureIsExact(t *testing.T) {
	l := deploy(t, "testdata/exact.yml")
	file := filepath.Join(t.TempDir(), "exact.pcapng")
	_, stop := l.startCapture("gen:eth1", "gen:eth2", "gen:eth3", "hold:eth1", "sock:eth1", "-w", file)
	l.sendExactly()
	if said := stop(); said != "2083 packets captured\n" {
		t.Errorf("capture said %q", said)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got, packets := readCapture(t, f)
	want := map[string]captured{
		"gen:eth1":  {Out: 1000, OutBytes: 100_000},
		"gen:eth2":  {Out: 520, OutBytes: 132_000},
		"gen:eth3":  {},
		"hold:eth1": {In: 63, InBytes: 6300},
		"sock:eth1": {In: 500, InBytes: 100_000},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("capture (-want +got):\n%s", diff)
	}
	for i, p := range packets {
		if len(p.Data) != p.Len || i > 0 && p.Time.Before(packets[i-1].Time) || time.Since(p.Time) > 10*time.Minute {
			t.Fatalf("packet %d: %d of %d bytes at %v", i, len(p.Data), p.Len, p.Time)
		}
	}
	if tcpdump, err := exec.LookPath("tcpdump"); err == nil {
		out, err := exec.Command(tcpdump, "-n", "-r", file, "udp port 9 and greater 200").Output()
		if lines := strings.Count(string(out), "\n"); err != nil || lines != 520+500 {
			t.Errorf("tcpdump finds %d packets of 200 bytes or more: %v", lines, err)
		}
	}
	l.awaitCaptures(0)
}

// Capture writes into a pipe as packets come; with a filter and a count it ends
// by itself.
func TestRootCaptureLive(t *testing.T) {
	l := deploy(t, "testdata/exact.yml")
	reader, writer := io.Pipe()
	cmd := l.command("capture", "--lab", l.name, "gen:eth1", "gen:eth2", "--filter", "len = 200 and udp", "--count", "60", "--snaplen", "42")
	cmd.Stdout = writer
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		done <- cmd.Wait()
		writer.Close()
	}()
	l.awaitCaptures(1)
	send := func(port, count, size string) {
		l.in("gen", "valelab", "pktgen", "tx", "-i", port, "--count", count, "--size", size, "--dst-mac", "02:00:00:00:00:99")
	}
	seen := make(chan int, 1000)
	var got map[string]captured
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		got, _ = readCapture(t, &progressReader{reader, seen})
	}()
	send("netmap:eth1", "50", "100") // not for the filter
	send("netmap:eth2", "20", "200")
	limit := time.After(30 * time.Second)
	for total := 0; total < 20*(32+44+8+12); { // 20 packets have come through, while the capture goes on
		select {
		case n := <-seen:
			total += n
		case <-limit:
			t.Fatalf("the pipe has %d bytes of 20 packets", total)
		}
	}
	send("netmap:eth1", "10", "200")
	send("netmap:eth2", "90", "200")
	select {
	case err := <-done:
		if err != nil {
			t.Fatalf("capture: %v\n%s", err, stderr.Bytes())
		}
	case <-limit:
		t.Fatal("a capture with a count does not end")
	}
	<-finished
	want := map[string]captured{"gen:eth1": {Out: 10, OutBytes: 2000}, "gen:eth2": {Out: 50, OutBytes: 10_000}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("capture (-want +got):\n%s", diff)
	}
}

// The tools that people read captures with take one from a pipe, live, and have
// nothing to say about it.
func TestRootCaptureIntoTools(t *testing.T) {
	l := deploy(t, "testdata/exact.yml")
	for tool, greeting := range map[string]string{"tcpdump": "reading from file -, link-type EN10MB", "tshark": "Running as user"} {
		path, err := exec.LookPath(tool)
		if err != nil {
			t.Logf("without %s: runtime/pcapng has a strict reader", tool)
			continue
		}
		capture := l.command("capture", "--lab", l.name, "gen:eth1", "gen:eth2", "--filter", "outbound and udp", "--count", "20")
		reader := exec.Command(path, "-n", "-r", "-")
		pipe, err := capture.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		var out, stderr bytes.Buffer
		reader.Stdin, reader.Stdout, reader.Stderr = pipe, &out, &stderr
		for _, cmd := range []*exec.Cmd{capture, reader} {
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { cmd.Process.Kill() })
		}
		l.awaitCaptures(1)
		l.in("gen", "valelab", "pktgen", "tx", "-i", "netmap:eth2", "--count", "30", "--size", "200")
		if err := errors.Join(reader.Wait(), capture.Wait()); err != nil {
			t.Errorf("%s: %v\n%s", tool, err, &stderr)
		}
		if n := strings.Count(out.String(), "\n"); n != 20 {
			t.Errorf("%s reads %d packets, want 20:\n%s", tool, n, &out)
		}
		for line := range strings.Lines(stderr.String()) {
			if !strings.HasPrefix(line, greeting) && strings.TrimSpace(line) != "" {
				t.Errorf("%s says %q", tool, line)
			}
		}
		l.awaitCaptures(0)
	}
}

// progressReader tells how much was read.
type progressReader struct {
	r    io.Reader
	seen chan<- int
}

func (p *progressReader) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	select {
	case p.seen <- n:
	default:
	}
	return n, err
}

// A reader who stops reading costs the capture packets, which are counted, and
// the traffic nothing.
func TestRootCaptureSlowReader(t *testing.T) {
	l := deploy(t, "testdata/exact.yml")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := l.command("capture", "--lab", l.name, "gen:eth1")
	cmd.Stdout = w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	t.Cleanup(func() { cmd.Process.Kill() })
	l.awaitCaptures(1)
	const frames = 60_000 // of 1500 bytes: several times what may wait
	l.in("gen", "valelab", "pktgen", "tx", "-i", "netmap:eth1", "--count", fmt.Sprint(frames), "--size", "1500")
	if got := l.rings()["gen:eth1 tx0"].Packets; got != frames {
		t.Errorf("%d packets went into the switch, want %d", got, frames)
	}
	cmd.Process.Signal(os.Interrupt)
	got, packets := readCapture(t, r)
	cmd.Wait()
	c := got["gen:eth1"]
	if c.Lost == 0 || uint64(c.Out)+c.Lost != frames || len(packets) == 0 {
		t.Errorf("%d captured and %d lost of %d", c.Out, c.Lost, frames)
	}
}

// A capture goes on when the agent is replaced, and ends with the lab.
func TestRootCaptureSurvivesAgent(t *testing.T) {
	l := deploy(t, "testdata/exact.yml")
	file := filepath.Join(t.TempDir(), "two.pcapng")
	cmd, _ := l.startCapture("gen:eth1", "-w", file)
	send := func() {
		l.in("gen", "valelab", "pktgen", "tx", "-i", "netmap:eth1", "--count", "10", "--size", "60")
	}
	packetsIn := func(n int) {
		t.Helper()
		await(t, func() string {
			text, err := os.ReadFile(file)
			if err != nil {
				return err.Error()
			}
			if got, _ := readCapture(t, bytes.NewReader(text)); got["gen:eth1"].Out != n {
				return fmt.Sprintf("%d packets in the file, want %d", got["gen:eth1"].Out, n)
			}
			return ""
		})
	}
	send()
	packetsIn(10)
	if err := unix.Kill(l.agent(), unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	l.awaitCaptures(1)
	send()
	packetsIn(20)
	l.valelab("destroy", l.name)
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(30 * time.Second):
		t.Error("the capture goes on without the lab")
	}
}
