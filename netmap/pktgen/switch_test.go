package pktgen

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/valelab/valelab/netmap/bench/standalone"
	"github.com/valelab/valelab/netmap/serve"
)

// startSwitches starts real switches with the given ports and makes
// netmap.Open find them.
func startSwitches(t *testing.T, switches ...[]string) *standalone.Server {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "netmap.sock")
	s, err := standalone.Start(standalone.Config{
		Socket: socket, Switches: switches, Geometry: serve.Geometry{Rings: 1, Slots: 256},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Setenv("VALELAB_NETMAP", socket)
	return s
}

// awaitOpens waits until programs have opened n ports.
func awaitOpens(t *testing.T, s *standalone.Server, n int) {
	t.Helper()
	for ctx := timeout(t); s.Opens() != n; time.Sleep(time.Millisecond) {
		if ctx.Err() != nil {
			t.Fatalf("%d ports are open, want %d", s.Opens(), n)
		}
	}
}

// daemon is a program in the background.
type daemon struct {
	cancel    context.CancelFunc
	done      sync.WaitGroup
	status    int
	out, errs bytes.Buffer
}

func startDaemon(t *testing.T, args ...string) *daemon {
	t.Helper()
	ctx, cancel := context.WithCancel(timeout(t))
	d := &daemon{cancel: cancel}
	d.done.Go(func() { d.status = Main(ctx, append(args, "--format", "json", "--interval", "0"), &d.out, &d.errs) })
	t.Cleanup(func() { cancel(); d.done.Wait() })
	return d
}

// stop ends the program and reads its summary.
func (d *daemon) stop(t *testing.T, summary any) {
	t.Helper()
	d.cancel()
	d.wait(t, summary)
}

// wait waits for the end of the program and reads its summary.
func (d *daemon) wait(t *testing.T, summary any) {
	t.Helper()
	d.done.Wait()
	if err := json.Unmarshal(d.out.Bytes(), summary); err != nil || d.status != 0 {
		t.Fatalf("status %d, %v\n%s%s", d.status, err, &d.out, &d.errs)
	}
}

// Two programs find each other by ARP or neighbor discovery and talk, one frame at a time: more would be lost
// at a full ring when one of them does not get a processor.
func TestPingPong(t *testing.T) {
	for _, vlan := range []string{"", "9"} {
		for _, ips := range [][2]string{{"10.0.0.1", "10.0.0.2"}, {"fd00::1", "fd00::2"}} {
			server := startSwitches(t, []string{"a0", "b0"})
			pong := startDaemon(t, "pong", "-i", "netmap:b0", "--mac", "02:00:00:00:00:0b", "--ip", ips[1])
			awaitOpens(t, server, 1)
			args := []string{"ping", "-i", "netmap:a0", "--src-ip", ips[0], "--dst-ip", ips[1], "--count", "100", "--rate", "0", "--size", "200"}
			if vlan != "" {
				args = append(args, "--vlan", vlan)
			}
			var s PingSummary
			startDaemon(t, args...).wait(t, &s)
			if s.Sent != 100 || s.Received != 100 || s.Lost+s.Unexpected != 0 || s.RTT.Min <= 0 || s.RTT.Max < s.RTT.P50 {
				t.Errorf("ping %s: %+v", ips[1], s)
			}
			var p PongSummary
			pong.stop(t, &p)
			if p.Answered != p.Packets || p.Answered < 101 { // and the question for the address
				t.Errorf("pong %s: %+v", ips[1], p)
			}
		}
	}
}

// Senders on one switch, a receiver behind a forwarder on another: every frame
// is delivered or lost at a full ring, never reordered, doubled or damaged.
func TestForward(t *testing.T) {
	for _, size := range []int{60, 1514, 5000} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			server := startSwitches(t, []string{"a0", "a1", "f0"}, []string{"f1", "b0"})
			rx := startDaemon(t, "rx", "-i", "netmap:b0", "--mac", "02:00:00:00:00:0b", "--checksum", "--idle-timeout", "300ms")
			forward := startDaemon(t, "forward", "-i", "netmap:f0", "-i", "netmap:f1")
			awaitOpens(t, server, 3) // what is sent before is lost
			const count = 3000
			var senders []*daemon
			for i := range 2 {
				senders = append(senders, startDaemon(t, "tx", "-i", fmt.Sprintf("netmap:a%d", i), "--dst-mac", "02:00:00:00:00:0b",
					"--src-mac", fmt.Sprintf("02:00:00:00:00:a%d", i), "--count", fmt.Sprint(count),
					"--rate", "20k", "--size", fmt.Sprint(size)))
			}
			for _, s := range senders {
				var sent TxSummary
				s.wait(t, &sent)
				if sent.Packets != count || sent.Bytes != uint64(count*size) {
					t.Errorf("sent %+v", sent)
				}
			}
			var got RxSummary
			rx.wait(t, &got)
			q := got.Sequence
			if q.Flows != 2 || q.Reordered+q.Duplicates+q.Late+got.Damaged+got.Foreign != 0 || got.Probes == 0 ||
				got.Probes+q.Lost > 2*count || got.Bytes != got.Probes*uint64(size) {
				t.Errorf("received %+v", got)
			}
			var f ForwardSummary
			forward.stop(t, &f)
			if f.Directions[0].Packets < got.Probes || f.Directions[0].Dropped != 0 {
				t.Errorf("forwarded %+v", f)
			}
		})
	}
}
