package sample

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/valelab/valelab/netmap/vale"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// at is a lab at a time: a netmap endpoint, one with sockets, a trunk, two nodes.
func at(seconds int64, packets, drops uint64) *Sample {
	stalls, wakeups, moved := drops/10, uint64(3), packets+1
	cpu, memory := float64(seconds)/2, uint64(4<<20)
	seen := time.Unix(seconds, 0).UTC()
	return &Sample{
		Lab: "lab", Time: seen,
		Rings: []Ring{
			{Node: "a", Interface: "eth1", Switch: "s", Port: "a:eth1", Mode: vale.ModeNetmap, Dir: "rx",
				Counts:    &Counts{Packets: packets, Bytes: 60 * packets, Drops: &vale.Drops{Full: drops}},
				Program:   &Program{Syncs: packets / 4, Wakeups: &wakeups, Stalls: &stalls},
				Positions: &Positions{Slots: 1024, Head: 1000, Cur: 1000, Tail: 20}, Moved: &moved, Exact: true},
			{Node: "b", Interface: "eth1", Switch: "s", Port: "b:eth1", Mode: vale.ModeSocket, Dir: "tx",
				Counts: &Counts{Packets: 7, Bytes: 420, Drops: &vale.Drops{NoPort: 2}}, Exact: true},
			{Switch: "s", Port: `odd"port`, Mode: vale.ModeTrunk, Dir: "tx"}, // of which nothing is known
		},
		Nodes: []Node{
			{Name: "a", State: "running", CPU: &cpu, Memory: &memory, Seen: seen},
			{Name: "b", State: "exited", ExitCode: 1, Restarts: 2},
		},
	}
}

func TestRates(t *testing.T) {
	s := at(12, 3000, 30)
	s.SetRates(at(10, 1000, 10))
	drops, syncs := 10.0, 250.0
	want := Rates{PacketRate: 1000, ByteRate: 60000, DropRate: &drops, SyncRate: &syncs}
	if diff := cmp.Diff(&want, s.Rings[0].Rates); diff != "" {
		t.Errorf("rates (-want +got):\n%s", diff)
	}
	if got, ok := s.Rings[0].PacketsPerSync(); !ok || got != 4 {
		t.Errorf("packets a sync: %v, %v", got, ok)
	}
	if s.Rings[2].Rates != nil {
		t.Errorf("a ring of which nothing is known has rates")
	}
	if n := s.Nodes[0]; n.Load == nil || *n.Load != 0.5 {
		t.Errorf("load = %v, want 0.5", n.Load)
	}
	again := at(12, 10, 0)
	again.SetRates(at(10, 1000, 0))
	if again.Rings[0].Rates != nil {
		t.Errorf("a ring that began again has rates")
	}
	moved := at(12, 3000, 30)
	moved.Rings = moved.Rings[1:] // the ring before it has gone
	moved.SetRates(at(10, 1000, 10))
	if moved.Rings[0].Rates == nil {
		t.Errorf("a ring that stands elsewhere has no rates")
	}
}

// What is not known is left out of every form, and never 0.
func TestUnknown(t *testing.T) {
	last, s := at(10, 1000, 10), at(12, 3000, 30)
	for _, one := range []*Sample{last, s} {
		one.Rings = one.Rings[:1]
		one.Rings[0].Drops, one.Rings[0].Wakeups, one.Rings[0].Stalls, one.Rings[0].Exact = nil, nil, nil, false
		one.Rings[0].Moved = nil
	}
	s.SetRates(last)
	if r := s.Rings[0].Rates; r == nil || r.PacketRate != 1000 || r.DropRate != nil {
		t.Errorf("rates %+v", r)
	}
	text, err := json.Marshal(s.Rings[0])
	if err != nil {
		t.Fatal(err)
	}
	var metrics, table bytes.Buffer
	if err := errors.Join(WriteMetrics(&metrics, s), WriteCSV(&table, s, false)); err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{`"drops`, `"wakeups"`, `"stalls"`, `"moved"`} {
		if bytes.Contains(text, []byte(word)) {
			t.Errorf("JSON has %s: %s", word, text)
		}
	}
	for _, name := range []string{"drops", "wakeups", "stalls", "moved"} {
		if bytes.Contains(metrics.Bytes(), []byte("\nvalelab_ring_"+name)) {
			t.Errorf("metrics have %s:\n%s", name, &metrics)
		}
	}
	if !bytes.Contains(metrics.Bytes(), []byte(`exact="false"`)) {
		t.Errorf("metrics do not say that it was sampled:\n%s", &metrics)
	}
	want := "netmap,0,false,rx,3000,180000,1000,60000,,,,,,,,,,750,250,,,1024,1000,1000,20,false,\n"
	if got := table.String(); !strings.HasSuffix(got, want) {
		t.Errorf("CSV is %swant the end %s", got, want)
	}
}

func TestSince(t *testing.T) {
	now := at(12, 3000, 30)
	got := now.Since(at(10, 1000, 10), new(Memory))
	if r := got.Rings[0]; r.Packets != 2000 || r.Bytes != 120000 || r.Drops.Full != 20 || r.Syncs != 500 || *r.Stalls != 2 || *r.Moved != 2000 {
		t.Errorf("since: %+v %+v", r.Counts, r.Program)
	}
	if diff := cmp.Diff(at(12, 3000, 30), now); diff != "" {
		t.Errorf("the sample itself has changed:\n%s", diff)
	}
}

func TestPending(t *testing.T) {
	rx := Ring{Dir: "rx", Positions: &Positions{Slots: 64, Head: 60, Cur: 60, Tail: 4}}
	tx := Ring{Dir: "tx", Positions: &Positions{Slots: 64, Head: 10, Cur: 8, Tail: 7}}
	bad := Ring{Dir: "rx", Positions: &Positions{Slots: 64, Head: 99, Tail: 4}}
	if rx.Pending() != 8 || tx.Pending() != 2 || bad.Pending() != 0 || (&Ring{}).Pending() != 0 {
		t.Errorf("pending: %d %d %d", rx.Pending(), tx.Pending(), bad.Pending())
	}
}

func TestForms(t *testing.T) {
	s := at(12, 3000, 30)
	s.SetRates(at(10, 1000, 10))
	var metrics, table bytes.Buffer
	if err := WriteMetrics(&metrics, s); err != nil {
		t.Fatal(err)
	}
	if err := WriteCSV(&table, s, true); err != nil {
		t.Fatal(err)
	}
	golden(t, "metrics.txt", metrics.Bytes())
	golden(t, "sample.csv", table.Bytes())
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// What comes out of a stream is what went in, whatever changes between two samples.
func TestStream(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var wire bytes.Buffer
	encoder := NewEncoder(&wire)
	var want []*Sample
	s := at(1, 0, 0)
	for range 200 {
		next := at(1, 0, 0)
		next.Rings, next.Nodes = s.Clone().Rings, s.Nodes
		next.Time = s.Time.Add(time.Duration(rnd.Int64N(1e9)))
		for i := range next.Rings {
			r := &next.Rings[i]
			if r.Counts != nil && rnd.IntN(2) == 0 {
				r.Packets += rnd.Uint64N(1 << 40)
				if r.Drops != nil {
					r.Drops.Kernel = rnd.Uint64() // may even go back
				}
			}
			if r.Positions != nil {
				r.Head = rnd.Uint32N(1024)
			}
		}
		switch rnd.IntN(20) {
		case 0: // a ring comes
			next.Rings = append(next.Rings, Ring{Switch: "s", Port: "new", Ring: len(next.Rings), Dir: "rx"})
		case 1: // one changes its mode
			next.Rings[1].Mode = vale.ModeNetmap
			next.Rings[1].Positions = &Positions{Slots: 64}
		case 2: // what is known of one changes
			if c := next.Rings[0].Counts; c.Drops != nil {
				c.Drops, next.Rings[0].Wakeups = nil, nil
			} else {
				c.Drops = &vale.Drops{Full: rnd.Uint64()}
			}
		case 3: // the nodes are looked at again
			next.Nodes = []Node{{Name: "a", State: "backoff", Restarts: rnd.IntN(9)}}
		}
		if err := encoder.Encode(next); err != nil {
			t.Fatal(err)
		}
		want = append(want, next)
		s = next
	}
	decoder := NewDecoder(&wire)
	for i, w := range want {
		got, err := decoder.Next()
		if err != nil {
			t.Fatalf("sample %d: %v", i, err)
		}
		if diff := cmp.Diff(w, got); diff != "" {
			t.Fatalf("sample %d (-want +got):\n%s", i, diff)
		}
	}
	if _, err := decoder.Next(); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

// Whatever comes, a decoder returns samples or one error, and asks for no more memory than there is input.
func FuzzDecoder(f *testing.F) {
	var wire bytes.Buffer
	encoder := NewEncoder(&wire)
	for i := range int64(3) {
		if err := encoder.Encode(at(i, uint64(i)*100, 0)); err != nil {
			f.Fatal(err)
		}
	}
	f.Add(wire.Bytes())
	f.Add([]byte("V\x01\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1 && data[1] >= 0x80 {
			return // a long frame: its memory is bounded, but too much for a fuzzer
		}
		decoder := NewDecoder(bytes.NewReader(data))
		for {
			s, err := decoder.Next()
			if (s == nil) == (err == nil) {
				t.Fatal("neither or both of sample and error")
			}
			if err != nil {
				if err != io.EOF && !errors.Is(err, ErrStream) && !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Fatalf("odd error %v", err)
				}
				return
			}
		}
	})
}

// BenchmarkStream is the cost of one sample of 1,000 rings, half of them busy, from encoder to decoder with
// its rates.
func BenchmarkStream(b *testing.B) {
	s := &Sample{Lab: "lab", Time: time.Unix(1, 0)}
	for range 500 {
		s.Rings = append(s.Rings, at(1, 0, 0).Rings[0], at(1, 0, 0).Rings[1])
	}
	for i := range s.Rings {
		s.Rings[i].Ring = i
	}
	var wire bytes.Buffer
	encoder, decoder := NewEncoder(&wire), NewDecoder(&wire)
	samples, turn := [2]*Sample{{Lab: "lab"}, {Lab: "lab"}}, 0
	var memory [2]Memory
	var last *Sample
	b.ReportAllocs()
	for b.Loop() {
		next := samples[turn]
		turn = 1 - turn
		next.Rings = memory[turn].copy(s.Rings)
		next.Time = s.Time.Add(100 * time.Millisecond)
		for i := 0; i < len(next.Rings); i += 2 {
			next.Rings[i].Packets += 1000
			next.Rings[i].Bytes += 60000
			next.Rings[i].Syncs += 10
			next.Rings[i].Head = (next.Rings[i].Head + 100) % 1024
		}
		s = next
		if err := encoder.Encode(s); err != nil {
			b.Fatal(err)
		}
		got, err := decoder.Next()
		if err != nil {
			b.Fatal(err)
		}
		got.SetRates(last)
		last = got
	}
}
