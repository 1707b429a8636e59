package tui

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mattn/go-runewidth"
	"github.com/muesli/termenv"
)

var update = flag.Bool("update", false, "rewrite the golden screens in testdata")

// sizes are the terminals that every screen is drawn on.
var sizes = []struct{ width, height int }{{40, 10}, {60, 16}, {80, 24}, {120, 36}, {250, 70}}

// shots are the screens and how one comes to them.
var shots = []struct {
	name string
	keys []string
	log  bool
}{
	{name: "overview"},
	{name: "switches", keys: []string{"2", "s", "s", "s"}},
	{name: "rings", keys: []string{"3", "s", "s", "s", "s", "down"}},
	{name: "filtered", keys: []string{"3", "/", "eth1 !trunk rx", "enter", "z"}},
	{name: "ring", keys: []string{"3", "/", "slow rx0", "enter", "enter"}},
	{name: "ring-tx", keys: []string{"3", "/", "gen tx0", "enter", "enter", "u"}},
	{name: "ring-socket", keys: []string{"3", "/", "web:eth1 tx0", "enter", "enter"}},
	{name: "topology", keys: []string{"4", "down", "down"}},
	{name: "nodes", keys: []string{"5", "down"}, log: true},
	{name: "log", keys: []string{"5", "down", "l"}, log: true},
	{name: "captures", keys: []string{"6", "down"}},
	{name: "stopping", keys: []string{"6", "x"}},
	{name: "capturing", keys: []string{"3", "c"}},
	{name: "events", keys: []string{"7"}},
	{name: "frozen", keys: []string{"space", "u", "-"}},
	{name: "help", keys: []string{"?"}},
}

// Every screen at every size is as recorded, fills the terminal exactly, and has no control codes.
func TestGolden(t *testing.T) {
	for _, ascii := range []bool{false, true} {
		for _, size := range sizes {
			if ascii && size.width != 80 {
				continue // one size shows the signs
			}
			for _, shot := range shots {
				name := fmt.Sprintf("%s-%dx%d", shot.name, size.width, size.height)
				if ascii {
					name += "-ascii"
				}
				t.Run(name, func(t *testing.T) {
					m, _ := recorded(t, Config{ASCII: ascii})
					m.resize(size.width, size.height)
					m.pressAll(shot.keys...)
					if shot.log {
						m.Update(LogsMsg{Node: m.node, Lines: []string{"begins", "a line that is rather long, as those of programs often are when they tell all that they know", "\x1b[31mred\x1b[0m and \x07 bell", "日本語 wide runes"}})
					}
					got := m.View()
					checkScreen(t, got, size.width, size.height, ascii)
					checkGolden(t, name, got)
				})
			}
		}
	}
}

// checkScreen checks that a screen is whole lines of the terminal's size and nothing but text.
func checkScreen(t *testing.T, screen string, width, height int, ascii bool) {
	t.Helper()
	rows := strings.Split(screen, "\n")
	if len(rows) != height {
		t.Errorf("%d lines, want %d", len(rows), height)
	}
	for i, row := range rows {
		if w := runewidth.StringWidth(row); w != width {
			t.Errorf("line %d takes %d columns, want %d: %q", i, w, width, row)
		}
		for _, r := range row {
			if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || ascii && r > '~' && !strings.Contains("日本語", string(r)) {
				t.Errorf("line %d has %q", i, r)
			}
		}
	}
}

func checkGolden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", "screens", name+".txt")
	rows := strings.Split(got, "\n")
	for i := range rows {
		rows[i] = strings.TrimRight(rows[i], " ")
	}
	checkFile(t, file, strings.Join(rows, "\n")+"\n")
}

// checkFile compares what was drawn with a file, or writes the file under -update.
func checkFile(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// Whatever the size, a screen fits it: also those that nobody would choose.
func TestEverySizeFits(t *testing.T) {
	m, _ := recorded(t, Config{})
	for _, shot := range shots {
		m.pressAll("esc", "esc", "esc", "1")
		m.pressAll(shot.keys...)
		for width := 20; width <= 260; width += 7 {
			for height := 5; height <= 75; height += 5 {
				m.resize(width, height)
				checkScreen(t, m.View(), width, height, false)
			}
		}
		for _, tiny := range []int{0, 1, 5, 19} {
			m.resize(tiny, tiny)
			m.View()
		}
		m.pressAll("esc", "esc")
	}
}

// With colours a screen has the same text, and only the 16 colours of the terminal.
func TestColours(t *testing.T) {
	for _, dark := range []bool{true, false} {
		r := plainRenderer(termenv.ANSI)
		r.SetHasDarkBackground(dark)
		for _, shot := range shots {
			plain, _ := recorded(t, Config{})
			plain.pressAll(shot.keys...)
			coloured, _ := recorded(t, Config{Renderer: r})
			coloured.pressAll(shot.keys...)
			text, codes := stripCodes(t, coloured.View())
			if diff := cmp.Diff(plain.View(), text); diff != "" {
				t.Errorf("%s: colours change the text:\n%s", shot.name, diff)
			}
			if codes == 0 {
				t.Errorf("%s: no colours at all", shot.name)
			}
		}
	}
}

// stripCodes takes SGR codes out and checks that they are of the 16 colours.
func stripCodes(t *testing.T, s string) (text string, codes int) {
	t.Helper()
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(s, "\x1b[")
		b.WriteString(before)
		if !ok {
			return b.String(), codes
		}
		code, after, ok := strings.Cut(rest, "m")
		if !ok || strings.Trim(code, "0123456789;") != "" || strings.Contains(code, "38;") || strings.Contains(code, "48;") {
			t.Fatalf("code %q", code)
		}
		codes++
		s = after
	}
}
