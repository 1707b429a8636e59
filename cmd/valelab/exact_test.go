package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"
	"github.com/google/go-cmp/cmp"
	"github.com/muesli/termenv"

	"github.com/valelab/valelab/cmd/valelab/tui"
	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/sample"
)

// exactRing is what must be seen of a ring, as text so that all forms compare.
type exactRing struct{ Packets, Bytes, Drops string }

// exactly is what the lab of exact.yml must show after sendExactly.
//
// hold takes 63 frames, all that its 64 slots have room for, and loses the
// rest of 1000. sock gets 500, and none of the 20 that are larger than its
// MTU. What goes to lone goes nowhere: there is no other port.
var exactly = map[string]exactRing{
	"gen:eth1 tx0":  {"1000", "100000", ""},
	"hold:eth1 rx0": {"63", "6300", "full 937"},
	"gen:eth2 tx0":  {"520", "132000", ""},
	"sock:eth1 rx0": {"500", "100000", "too-big 20"},
	"gen:eth3 tx0":  {"0", "0", "no-port 30"},
}

// sendExactly opens hold's port and sends frames of known sizes.
func (l *liveLab) sendExactly() {
	l.t.Helper()
	netprobe, err := exec.LookPath("netprobe")
	if err != nil {
		l.t.Fatal(err)
	}
	l.start("hold", netprobe, "hold", "netmap:eth1")
	l.awaitMode("hold:eth1 rx0", "netmap")
	for _, send := range []struct{ port, count, size string }{
		{"netmap:eth1", "1000", "100"}, {"netmap:eth2", "500", "200"},
		{"netmap:eth2", "20", "1600"}, {"netmap:eth3", "30", "60"},
	} {
		l.in("gen", "valelab", "pktgen", "tx", "-i", send.port, "--count", send.count, "--size", send.size,
			"--rate", "5000", "--dst-mac", "02:00:00:00:00:99")
	}
}

// A lab that sent exactly N frames of known sizes, with known drops, shows
// exactly these numbers in every form.
func TestRootCountersAreExact(t *testing.T) {
	l := deploy(t, "testdata/exact.yml")
	l.sendExactly()

	check := func(form string, got map[string]exactRing) {
		t.Helper()
		picked := map[string]exactRing{}
		for name := range exactly {
			picked[name] = got[name]
		}
		if diff := cmp.Diff(exactly, picked); diff != "" {
			t.Errorf("%s (-want +got):\n%s", form, diff)
		}
	}
	check("json", ofJSON(t, l.valelab("stats", "exact", "-f", "json")))
	check("jsonl", ofJSON(t, l.valelab("stats", "exact", "-f", "jsonl", "--once")))
	check("csv", ofCSV(t, l.valelab("stats", "exact", "-f", "csv")))
	check("table", ofTable(l.valelab("stats", "exact")))
	check("metrics", ofMetrics(t, l.valelab("metrics", "exact")))
	check("top", ofTop(t, l))

	held := l.rings()["hold:eth1 rx0"]
	if p := held.Positions; p == nil || *p != (sample.Positions{Slots: 64, Head: 0, Cur: 0, Tail: 63}) {
		t.Errorf("positions of a full ring of 64: %+v", held.Positions)
	}
	if held.Program == nil || held.Stalls == nil || *held.Stalls != 1 || !held.Exact {
		t.Errorf("the ring was found full once; got %+v, exact %v", held.Program, held.Exact)
	}
	if sock := l.rings()["sock:eth1 rx0"]; sock.Program != nil || sock.Positions != nil {
		t.Errorf("sockets have no syncs and no ring; got %+v, %+v", sock.Program, sock.Positions)
	}
}

func exactOf(r *sample.Ring) exactRing {
	return exactRing{fmt.Sprint(r.Packets), fmt.Sprint(r.Bytes), noDrops(dropsText(r.Drops))}
}

// noDrops is "" for what shows that there were no drops.
func noDrops(shown string) string {
	if shown == "0" {
		return ""
	}
	return shown
}

func ofSample(s *sample.Sample) map[string]exactRing {
	out := map[string]exactRing{}
	for i := range s.Rings {
		out[s.Rings[i].Port+" "+s.Rings[i].Name()] = exactOf(&s.Rings[i])
	}
	return out
}

func ofJSON(t *testing.T, text string) map[string]exactRing {
	t.Helper()
	var s sample.Sample
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	return ofSample(&s)
}

func ofCSV(t *testing.T, text string) map[string]exactRing {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]exactRing{}
	for _, row := range rows[1:] {
		cells, drops := map[string]string{}, []string{}
		for i, name := range rows[0] {
			cells[name] = row[i]
			if reason, ok := strings.CutPrefix(name, "drops-"); ok && row[i] != "0" && reason != "per-second" {
				drops = append(drops, reason+" "+row[i])
			}
		}
		name := cells["port"] + " " + cells["dir"] + cells["ring"]
		if cells["host"] == "false" {
			out[name] = exactRing{cells["packets"], cells["bytes"], strings.Join(drops, ", ")}
		}
	}
	return out
}

func ofTable(text string) map[string]exactRing {
	out := map[string]exactRing{}
	for _, line := range strings.Split(text, "\n")[1:] {
		// SWITCH PORT RING MODE PACKETS BYTES DROPS..., two spaces apart
		var cells []string
		for _, cell := range strings.Split(line, "  ") {
			if cell = strings.TrimSpace(cell); cell != "" {
				cells = append(cells, cell)
			}
		}
		if len(cells) > 6 {
			out[cells[1]+" "+cells[2]] = exactRing{cells[4], cells[5], noDrops(cells[6])}
		}
	}
	return out
}

// ofMetrics reads the text of Prometheus by its grammar: NAME{LABEL="VALUE",...} NUMBER.
func ofMetrics(t *testing.T, text string) map[string]exactRing {
	t.Helper()
	out := map[string]exactRing{}
	for _, line := range strings.Split(text, "\n") {
		name, rest, ok := strings.Cut(line, "{")
		if !ok || strings.HasPrefix(line, "#") || !strings.HasPrefix(name, "valelab_ring_") {
			continue
		}
		inside, value, _ := strings.Cut(rest, "} ")
		labels := map[string]string{}
		for _, pair := range strings.Split(inside, ",") {
			key, quoted, _ := strings.Cut(pair, "=")
			labels[key] = strings.Trim(quoted, `"`)
		}
		if labels["host"] == "true" {
			continue
		}
		ring := labels["port"] + " " + labels["dir"] + labels["ring"]
		got := out[ring]
		switch name {
		case "valelab_ring_packets_total":
			got.Packets = value
		case "valelab_ring_bytes_total":
			got.Bytes = value
		case "valelab_ring_drops_total":
			if value != "0" {
				got.Drops = strings.TrimPrefix(got.Drops+", "+labels["reason"]+" "+value, ", ")
			}
		}
		out[ring] = got
	}
	return out
}

// ofTop reads what `valelab top` shows, in digits on a wide terminal.
func ofTop(t *testing.T, l *liveLab) map[string]exactRing {
	t.Helper()
	lab, err := runtime.Open(l.root, l.name)
	if err != nil {
		t.Fatal(err)
	}
	source := newTopSource(t.Context(), lab, l.root, "")
	defer source.close()
	renderer := lipgloss.NewRenderer(io.Discard)
	renderer.SetColorProfile(termenv.Ascii)
	model := tui.New(tui.Config{Lab: l.name, Interval: time.Second, ASCII: true, Renderer: renderer}, source)
	model.Init() // counts the first Watch
	model.Update(tea.WindowSizeMsg{Width: 250, Height: 60})
	for _, key := range "3uu" {
		model.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{key}})
	}
	model.Update(source.Watch(1, time.Second))
	rows := strings.Split(model.View(), "\n")
	head := rows[2]
	// A number ends where its title ends, a text begins where its title begins.
	number := func(row, title string) string {
		end := strings.Index(head, title) + len(title)
		return row[strings.LastIndex(row[:end], " ")+1 : end]
	}
	out := map[string]exactRing{}
	for _, row := range rows[3:] {
		if len(row) < len(head) || strings.TrimSpace(row) == "" {
			continue
		}
		text := func(title, next string) string {
			return strings.TrimSpace(row[strings.Index(head, title):strings.Index(head, next)])
		}
		drops := regexp.MustCompile(`(\d) ([a-z])`).ReplaceAllString(text("DROPS", "SYNC/S"), "$1, $2")
		out[text("PORT", "RING")+" "+text("RING", "SWITCH")] = exactRing{
			number(row, "PACKETS"), number(row, "BYTES"), noDrops(drops),
		}
	}
	return out
}
