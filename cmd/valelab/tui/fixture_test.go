package tui

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"

	"github.com/valelab/valelab/runtime/agent"
	"github.com/valelab/valelab/runtime/sample"
)

// asked is a Source that notes what it is asked and answers nothing.
type asked struct{ calls []string }

func (a *asked) note(format string, args ...any) tea.Msg {
	a.calls = append(a.calls, fmt.Sprintf(format, args...))
	return nil
}

func (a *asked) Watch(gen int, interval time.Duration) tea.Msg { return a.note("watch %v", interval) }
func (a *asked) Next(int) tea.Msg                              { return nil }
func (a *asked) NextEvent() tea.Msg                            { return nil }
func (a *asked) Lab() tea.Msg                                  { return nil }
func (a *asked) Captures() tea.Msg                             { return nil }
func (a *asked) Logs(node string) tea.Msg                      { return a.note("logs %s", node) }
func (a *asked) StopCapture(id int) tea.Msg                    { return a.note("stop %d", id) }
func (a *asked) Shell(node string) *exec.Cmd                   { a.note("shell %s", node); return exec.Command("true") }
func (a *asked) StartCapture(port, file string) tea.Msg {
	return a.note("capture %s into %s", port, file)
}

// lines reads the values of a file in testdata, one a line.
func lines[T any](t testing.TB, name string) (out []T) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	for scanner := bufio.NewScanner(bytes.NewReader(text)); scanner.Scan(); {
		var v T
		if err := json.Unmarshal(append([]byte{}, scanner.Bytes()...), &v); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out = append(out, v)
	}
	return out
}

func plainRenderer(profile termenv.Profile) *lipgloss.Renderer {
	r := lipgloss.NewRenderer(io.Discard)
	r.SetColorProfile(profile)
	r.SetHasDarkBackground(true)
	return r
}

// fresh is a model that has seen nothing, on a terminal without colours.
func fresh(cfg Config) (*Model, *asked) {
	cfg.Lab, cfg.Interval = "mix", time.Second
	if cfg.Renderer == nil {
		cfg.Renderer = plainRenderer(termenv.Ascii)
	}
	source := &asked{}
	m := New(cfg, source)
	m.watch()
	return m, source
}

// recorded is a model that has seen everything in testdata.
func recorded(t testing.TB, cfg Config) (*Model, *asked) {
	t.Helper()
	m, source := fresh(cfg)
	for _, s := range lines[*sample.Sample](t, "samples.jsonl") {
		m.Update(SampleMsg{Gen: m.gen, Sample: s})
	}
	for _, e := range lines[agent.Event](t, "events.jsonl") {
		m.Update(EventMsg{e})
	}
	var lab LabMsg
	text, err := os.ReadFile(filepath.Join("testdata", "lab.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &lab); err != nil {
		t.Fatal(err)
	}
	m.Update(lab)
	begun := time.Date(2026, 3, 1, 9, 59, 0, 0, time.UTC)
	m.Update(CapturesMsg{List: []agent.CaptureState{
		{ID: 1, CaptureSpec: agent.CaptureSpec{Ports: []string{"gen:eth1", "sink:eth1"}, Filter: "udp port 9"}, Started: begun, Packets: 123456, Bytes: 24691200},
		{ID: 2, CaptureSpec: agent.CaptureSpec{Ports: []string{"slow:eth1"}}, Started: begun, Packets: 40, Bytes: 2400, Lost: 17},
	}, Files: map[int]string{1: "mix-gen-eth1-095900.pcapng"}})
	return m, source
}

// press feeds keys as bubbletea names them, and runs what they ask for.
func (m *Model) pressAll(keys ...string) {
	for _, k := range keys {
		msg := tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(k)}
		for kind, name := range map[tea.KeyType]string{
			tea.KeyEnter: "enter", tea.KeyEsc: "esc", tea.KeyTab: "tab", tea.KeyShiftTab: "shift+tab", tea.KeyUp: "up",
			tea.KeyDown: "down", tea.KeyLeft: "left", tea.KeyRight: "right", tea.KeyPgDown: "pgdown", tea.KeyPgUp: "pgup",
			tea.KeyHome: "home", tea.KeyEnd: "end", tea.KeySpace: "space", tea.KeyBackspace: "backspace", tea.KeyCtrlU: "ctrl+u",
			tea.KeyCtrlC: "ctrl+c",
		} {
			if k == name {
				msg = tea.KeyMsg{Type: kind}
				if kind == tea.KeySpace {
					msg.Runes = []rune{' '}
				}
			}
		}
		_, cmd := m.Update(msg)
		runAll(cmd)
	}
}

// runAll runs commands that do not wait.
func runAll(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	msg := cmd()
	if list := reflect.ValueOf(msg); list.IsValid() && list.Kind() == reflect.Slice { // tea.BatchMsg, or that of tea.Sequence
		for i := range list.Len() {
			if c, ok := list.Index(i).Interface().(tea.Cmd); ok {
				runAll(c)
			}
		}
	}
}

func (m *Model) resize(width, height int) {
	m.Update(tea.WindowSizeMsg{Width: width, Height: height})
}
