package pktgen

import (
	"bytes"
	"context"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/valelab/valelab/netmap/internal/fakeswitch"
)

// timeout bounds a test's programs.
func timeout(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// What a sender sends, a receiver on the same port counts: all of it, in order
// and whole, whatever the frames are.
func TestSendAndReceive(t *testing.T) {
	ip6 := Endpoint{IP: netip.MustParseAddr("fd00::2")}
	for _, test := range []struct {
		name   string
		config fakeswitch.Config
		tx     Tx
	}{
		{"shortest", fakeswitch.Config{}, Tx{}},
		{"full size", fakeswitch.Config{}, Tx{Size: 1514, Burst: 17}},
		{"paced", fakeswitch.Config{}, Tx{Rate: 20000}},
		{"IPv6", fakeswitch.Config{}, Tx{Dst: ip6}},
		{"VLAN", fakeswitch.Config{}, Tx{VLAN: 7, Dst: ip6}},
		{"three slots", fakeswitch.Config{}, Tx{Size: 5000}},
		{"three slots in a small ring", fakeswitch.Config{Slots: 64}, Tx{Size: 5000, Burst: 4}},
		{"small buffers", fakeswitch.Config{BufSize: 128}, Tx{Size: 600}},
		{"odd ring", fakeswitch.Config{Slots: 67}, Tx{}},
		{"four rings", fakeswitch.Config{Rings: 4}, Tx{Burst: 3}},
	} {
		t.Run(test.name, func(t *testing.T) {
			fakeswitch.ForTest(t, test.config)
			ctx := timeout(t)
			port, id, err := openPort(t.Context(), "netmap:eth1")
			if err != nil {
				t.Fatal(err)
			}
			defer port.Close()
			s := sender{Tx: test.tx, port: port}
			if err := s.setUp(id); err != nil {
				t.Fatal(err)
			}
			r, err := newReceiver(Rx{Checksum: true}, port)
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			for range 10 {
				s.Count += 12
				r.Count += 12
				if err := s.run(ctx, start); err != nil {
					t.Fatal(err)
				}
				if err := r.run(ctx, start); err != nil {
					t.Fatal(err)
				}
			}
			got := r.summary()
			if got.Packets != 120 || got.Bytes != uint64(120*s.Size) || got.Probes != 120 ||
				got.Foreign+got.Damaged+got.Sequence.Lost+got.Sequence.Reordered+got.Sequence.Duplicates+got.Sequence.Late != 0 {
				t.Errorf("of 120 frames of %d bytes: %s", s.Size, got)
			}
			if want := uint64(len(s.lanes)); got.Sequence.Flows != want {
				t.Errorf("%d flows, want %d", got.Sequence.Flows, want)
			}
		})
	}
}

// runMain runs a program to its end.
func runMain(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = Main(timeout(t), args, &out, &errs)
	return status, out.String(), errs.String()
}

func TestMainTx(t *testing.T) {
	fakeswitch.ForTest(t, fakeswitch.Config{})
	status, stdout, stderr := runMain(t, "tx", "-i", "netmap:eth1/T", "--count", "100000", "--format", "json")
	var s TxSummary
	if err := json.Unmarshal([]byte(stdout), &s); err != nil || status != 0 || stderr != "" {
		t.Fatalf("status %d, %v\n%s%s", status, err, stdout, stderr)
	}
	if s.Packets != 100000 || s.Bytes != 6000000 || s.PPS <= 0 || s.BPS <= s.PPS {
		t.Errorf("summary %+v", s)
	}
}

// A run that is cancelled is done: it prints its summary and reported before.
func TestMainCancelled(t *testing.T) {
	for _, args := range [][]string{
		{"tx", "-i", "netmap:eth1/T"},
		{"tx", "-i", "netmap:eth1/T", "--rate", "1"},
		{"rx", "-i", "netmap:eth1"},
		{"pong", "-i", "netmap:eth1", "--ip", "10.0.0.1"},
		{"ping", "-i", "netmap:eth1", "--dst-ip", "10.0.0.1"},
	} {
		fakeswitch.ForTest(t, fakeswitch.Config{})
		ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
		var out, errs bytes.Buffer
		status := Main(ctx, append(args, "--interval", "50ms"), &out, &errs)
		cancel()
		if status != 0 || !strings.Contains(out.String(), "packets") && !strings.Contains(out.String(), "requests") {
			t.Errorf("%v: status %d\n%s%s", args, status, &out, &errs)
		}
		if args[0] != "ping" && !strings.HasPrefix(errs.String(), args[0]+" ") {
			t.Errorf("%v reported %q", args, &errs)
		}
	}
}

// Idle ends by itself: with a limit on time, or after the last packet.
func TestMainRxEnds(t *testing.T) {
	fakeswitch.ForTest(t, fakeswitch.Config{})
	status, stdout, stderr := runMain(t, "rx", "-i", "netmap:eth1", "--duration", "50ms")
	if status != 0 || !strings.HasPrefix(stdout, "received 0 packets, 0 bytes") || stderr != "" {
		t.Errorf("status %d\n%s%s", status, stdout, stderr)
	}
}

// The port hears its own requests and answers them.
func TestMainPing(t *testing.T) {
	for _, ip := range []string{"10.0.0.1", "fd00::1"} {
		args := []string{
			"ping", "-i", "netmap:eth1", "--src-ip", ip, "--dst-ip", ip, "--src-mac", "02:00:00:00:00:01",
			"--dst-mac", "02:00:00:00:00:01", "--format", "json", "--count", "200", "--size", "100", "--vlan", "3",
		}
		for _, rate := range []string{"0", "5k"} {
			fakeswitch.ForTest(t, fakeswitch.Config{})
			status, stdout, stderr := runMain(t, append(args, "--rate", rate)...)
			var s PingSummary
			if err := json.Unmarshal([]byte(stdout), &s); err != nil || status != 0 || stderr != "" {
				t.Fatalf("status %d, %v\n%s%s", status, err, stdout, stderr)
			}
			if s.Sent != 200 || s.Received != 200 || s.Lost+s.Unexpected != 0 || s.RTT.Samples != 200 || s.RTT.Min <= 0 {
				t.Errorf("%s: %+v", ip, s)
			}
		}
	}
}

func TestMainPingUnanswered(t *testing.T) {
	fakeswitch.ForTest(t, fakeswitch.Config{})
	status, stdout, stderr := runMain(t, "ping", "-i", "netmap:eth1", "--dst-ip", "10.0.0.9",
		"--dst-mac", "02:00:00:00:00:09", "--timeout", "5ms", "--count", "3")
	if status != 1 || !strings.HasPrefix(stdout, "3 requests, 0 replies, 3 lost, 0 unexpected") ||
		stderr != "valelab: ping 10.0.0.9: no reply\n" {
		t.Errorf("status %d\n%s%s", status, stdout, stderr)
	}
}

// A port that the switch takes away is an error that says so.
func TestMainDetached(t *testing.T) {
	s := fakeswitch.ForTest(t, fakeswitch.Config{})
	go func() {
		for s.Opens() == 0 {
			time.Sleep(time.Millisecond)
		}
		s.Detach()
	}()
	status, stdout, stderr := runMain(t, "rx", "-i", "netmap:eth1", "--silent")
	if status != 1 || stdout != "" || !strings.Contains(stderr, "detached") {
		t.Errorf("status %d\n%s%s", status, stdout, stderr)
	}
}
