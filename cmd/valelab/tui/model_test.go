package tui

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/valelab/valelab/netmap/vale"
	"github.com/valelab/valelab/runtime/agent"
	"github.com/valelab/valelab/runtime/sample"
)

// want fails unless the screen has all the texts.
func (m *Model) want(t *testing.T, texts ...string) {
	t.Helper()
	view := m.View()
	for _, text := range texts {
		if !strings.Contains(view, text) {
			t.Errorf("the screen has no %q:\n%s", text, view)
		}
	}
}

func (m *Model) lacks(t *testing.T, texts ...string) {
	t.Helper()
	view := m.View()
	for _, text := range texts {
		if strings.Contains(view, text) {
			t.Errorf("the screen has %q:\n%s", text, view)
		}
	}
}

// column returns the texts of a ring table's first column, as sorted.
func ports(m *Model) (names []string) {
	for _, at := range m.rings.order {
		names = append(names, m.rings.items[at].Port+" "+m.rings.items[at].Name())
	}
	return names
}

func TestSortAndFilter(t *testing.T) {
	m, _ := recorded(t, Config{})
	m.resize(160, 40)
	m.pressAll("3")
	for m.rings.sortedBy() != "PKT/S" {
		m.pressAll("s")
	}
	m.want(t, "PKT/S▼", "by PKT/S")
	largest := ports(m)
	m.pressAll("r")
	m.want(t, "PKT/S▲")
	if got := ports(m); slices.Equal(got, largest) || !slices.IsSortedFunc(m.rings.order, func(a, b int) int {
		return int(rateOf(&m.rings.items[a], pps) - rateOf(&m.rings.items[b], pps))
	}) {
		t.Errorf("reversed: %q", got)
	}
	m.pressAll("/", "sink", "enter")
	for _, name := range ports(m) {
		if !strings.HasPrefix(name, "sink:") {
			t.Errorf("filter sink shows %s", name)
		}
	}
	m.want(t, "/sink (3 of")
	m.pressAll("/", "ctrl+u", "nosuch")
	m.want(t, "nothing matches the filter", "filter: nosuch")
	m.pressAll("esc") // the filter before comes back
	m.want(t, "/sink (3 of")
	m.pressAll("esc")
	m.lacks(t, "/sink")
}

func pps(r *sample.Rates) float64 { return r.PacketRate }

// The cursor stays on its ring when others overtake it, and on the top as long as nobody moved it.
func TestCursorStays(t *testing.T) {
	m, _ := fresh(Config{})
	m.pressAll("3")
	for m.rings.sortedBy() != "PKT/S" {
		m.pressAll("s")
	}
	m.feed(1, 10, 20, 30)
	m.feed(2, 20, 40, 60)
	if got := m.rings.selected().Port; got != "p2:eth1" {
		t.Errorf("the cursor is on %s, want the busiest", got)
	}
	m.feed(3, 200, 50, 70)
	if got := m.rings.selected().Port; got != "p0:eth1" {
		t.Errorf("the cursor is on %s, want the busiest", got)
	}
	m.pressAll("down", "down")
	chosen := m.rings.selected().Port
	m.feed(4, 201, 1000, 2000)
	if got := m.rings.selected().Port; got != chosen {
		t.Errorf("the cursor went from %s to %s", chosen, got)
	}
}

// feed takes a sample of rings that have carried so many packets.
func (m *Model) feed(second int64, packets ...uint64) {
	s := &sample.Sample{Lab: "mix", Time: time.Unix(second, 0).UTC()}
	for i, n := range packets {
		node := fmt.Sprintf("p%d", i)
		s.Rings = append(s.Rings, sample.Ring{
			Node: node, Interface: "eth1", Switch: "s", Port: node + ":eth1", Mode: vale.ModeSocket, Dir: "tx",
			Counts: &sample.Counts{Packets: n, Bytes: 60 * n}, Exact: true,
		})
	}
	m.Update(SampleMsg{Gen: m.gen, Sample: s})
}

func TestFreezeAndZero(t *testing.T) {
	m, _ := fresh(Config{})
	m.resize(160, 30)
	m.pressAll("3")
	m.feed(1, 1000)
	m.feed(2, 1500)
	m.want(t, "1500")
	m.pressAll("space")
	m.feed(3, 7777)
	m.want(t, "FROZEN at 00:00:02", "1500")
	m.lacks(t, "7777")
	m.pressAll("space")
	m.want(t, "7777")
	m.pressAll("z")
	m.feed(4, 7800)
	m.want(t, "from 00:00:03", " 23 ")
	m.lacks(t, "7800")
	m.pressAll("Z")
	m.want(t, "7800")
	if got := m.live.Rings[0].Packets; got != 7800 {
		t.Errorf("the counter itself is %d", got)
	}
}

func TestUnitsAndInterval(t *testing.T) {
	m, source := fresh(Config{})
	m.resize(160, 30)
	m.pressAll("3")
	m.feed(1, 0)
	m.feed(2, 20_000)
	m.want(t, "20.0k", "9.6M", "BIT/S")
	m.pressAll("u")
	m.want(t, "1.2M", "B/S", "bytes")
	m.pressAll("u")
	m.want(t, "20000", "9600000", "digits")
	m.pressAll("-")
	m.want(t, "every 2s")
	m.pressAll("+", "+")
	m.want(t, "every 500ms")
	if want := []string{"watch 2s", "watch 1s", "watch 500ms"}; !slices.Equal(source.calls, want) {
		t.Errorf("asked %q, want %q", source.calls, want)
	}
	m.Update(SampleMsg{Gen: 1, Sample: &sample.Sample{}}) // of a stream that is over
	if len(m.live.Rings) != 1 {
		t.Error("a sample of a stream that is over was taken")
	}
}

// Enter looks into things, esc comes back to where one was.
func TestDrillIn(t *testing.T) {
	m, _ := recorded(t, Config{})
	m.resize(120, 40)
	m.pressAll("2", "down", "enter") // left
	m.want(t, "/left (", "gen:eth1", "[3 Rings]")
	m.pressAll("enter")
	m.want(t, "> Ring", "waits for")
	m.pressAll("right")
	second := m.detail
	m.pressAll("left", "right")
	if m.detail != second {
		t.Errorf("right, left, right: %v, want %v", m.detail, second)
	}
	m.pressAll("esc", "esc", "esc")
	m.want(t, "[2 Switches]")
	m.pressAll("5", "down", "down", "enter")
	m.want(t, "/gen: (", "gen:eth1")
	m.pressAll("4", "down", "enter")
	m.want(t, "/client:eth1 (")
	m.pressAll("?")
	m.want(t, "Help", "this help")
	m.pressAll("?")
	m.lacks(t, "this help")
}

// What does more than show is asked first, and not done with --readonly.
func TestActions(t *testing.T) {
	m, source := recorded(t, Config{})
	m.pressAll("3", "/", "gen tx0", "enter", "c")
	m.want(t, "capture gen:eth1 into mix-gen-eth1-100007.pcapng")
	m.pressAll("esc")
	m.pressAll("c", "ctrl+u", "a b", "backspace", "enter")
	m.pressAll("6", "x", "q", "n", "x", "y")
	m.pressAll("3", "l", "esc", "e")
	for _, want := range []string{"capture gen:eth1 into a ", "stop 1", "logs gen", "shell gen"} {
		if !slices.Contains(source.calls, want) {
			t.Errorf("asked %q, want %q among it", source.calls, want)
		}
	}
	if n := len(slices.DeleteFunc(slices.Clone(source.calls), func(s string) bool { return !strings.HasPrefix(s, "stop") })); n != 1 {
		t.Errorf("stopped %d times", n)
	}

	m, source = recorded(t, Config{Readonly: true})
	m.pressAll("3", "c", "e", "6", "x", "y")
	if len(source.calls) != 0 {
		t.Errorf("readonly asked %q", source.calls)
	}
	m.pressAll("3", "c")
	m.want(t, "no captures with --readonly")
}

// Keys that come in one go are keys one after the other; what is pasted is text.
func TestKeysAtOnce(t *testing.T) {
	m, _ := recorded(t, Config{})
	m.pressAll("3uu/gen tx0")
	m.want(t, "[3 Rings]", "digits", "filter: gen tx0")
	m.pressAll("enter")
	m.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("q1"), Paste: true})
	m.want(t, "[3 Rings]")
}

func TestQuit(t *testing.T) {
	m, _ := recorded(t, Config{})
	for _, k := range []tea.KeyMsg{{Type: tea.KeyRunes, Runes: []rune("q")}, {Type: tea.KeyCtrlC}} {
		_, cmd := m.Update(k)
		if cmd == nil {
			t.Fatalf("%v does not quit", k)
		}
		if _, ok := cmd().(tea.QuitMsg); !ok {
			t.Errorf("%v does not quit", k)
		}
	}
}

// The agent goes, another comes, the lab changes and goes: what is shown says so, and nothing breaks.
func TestSurvives(t *testing.T) {
	m, source := recorded(t, Config{})
	m.pressAll("3", "enter")
	_, cmd := m.Update(DownMsg{Gen: m.gen, Err: agent.ErrNoAgent})
	m.want(t, "no agent, trying again")
	runAll(cmd)
	if want := []string{"watch 1s"}; !slices.Equal(source.calls, want) {
		t.Errorf("asked %q, want %q", source.calls, want)
	}
	m.feed(1_800_000_000, 5) // a lab of other rings
	m.lacks(t, "no agent")
	m.want(t, "this ring is no more")
	m.pressAll("esc", "down", "enter", "right", "1", "2", "3", "4", "5")
	m.Update(DownMsg{Gen: m.gen, Gone: true, Err: errors.New("gone")})
	m.want(t, "gone")
	for _, s := range []string{"1", "2", "3", "4", "5", "6", "7"} {
		m.pressAll(s, "enter", "c", "esc", "s", "r", "x", "esc", "esc")
		m.View()
	}
}

func TestMouse(t *testing.T) {
	m, _ := recorded(t, Config{})
	m.resize(120, 40)
	click := func(x, y int) {
		m.Update(tea.MouseMsg{X: x, Y: y, Button: tea.MouseButtonLeft, Action: tea.MouseActionPress})
	}
	click(strings.Index(strings.Split(m.View(), "\n")[1], "3 Rings"), 1)
	m.want(t, "[3 Rings]")
	click(10, 5) // the third row
	if m.rings.cursor != 2 {
		t.Errorf("the cursor is on row %d, want 2", m.rings.cursor)
	}
	m.Update(tea.MouseMsg{Button: tea.MouseButtonWheelDown, Action: tea.MouseActionPress})
	m.Update(tea.MouseMsg{Button: tea.MouseButtonWheelUp, Action: tea.MouseActionPress})
	m.Update(tea.MouseMsg{Button: tea.MouseButtonWheelUp, Action: tea.MouseActionPress})
	if m.rings.cursor != 1 {
		t.Errorf("the cursor is on row %d, want 1", m.rings.cursor)
	}
	click(10, 4)
	m.want(t, "> Ring")
	click(0, 39)
	click(500, 500)
}

// Names and logs may hold anything; the terminal gets text.
func TestHostileText(t *testing.T) {
	evil := "\x1b]0;owned\x07\u009b2J\u202e\r\n\x00\xff" + strings.Repeat("界", 30)
	m, _ := recorded(t, Config{})
	m.cfg.Lab = evil
	s := &sample.Sample{Time: time.Unix(2_000_000_000, 0), Rings: []sample.Ring{{
		Node: evil, Interface: evil, Switch: evil, Port: evil, Mode: evil, Dir: "tx",
		Positions: &sample.Positions{Slots: 3, Head: 1 << 31, Cur: 7, Tail: 9},
	}}, Nodes: []sample.Node{{Name: evil, State: evil}}}
	m.Update(SampleMsg{Gen: m.gen, Sample: s})
	m.Update(EventMsg{agent.Event{Time: time.Unix(2_000_000_000, 0), Kind: evil, Node: evil, State: evil, Message: evil}})
	m.Update(CapturesMsg{List: []agent.CaptureState{{CaptureSpec: agent.CaptureSpec{Ports: []string{evil}, Filter: evil}}}, Files: map[int]string{0: evil}})
	m.Update(DoneMsg{What: evil, Err: errors.New(evil)})
	for _, keys := range [][]string{{"1"}, {"2"}, {"3"}, {"3", "enter"}, {"esc", "4"}, {"5"}, {"l"}, {"esc", "6"}, {"7"}, {"3", "c"}} {
		m.pressAll(keys...)
		m.Update(LogsMsg{Node: m.node, Lines: []string{evil, evil}})
		checkScreen(t, m.View(), m.width, m.height, false)
	}
}

// Any keys and messages in any order leave a model that draws.
func FuzzKeys(f *testing.F) {
	f.Add([]byte("3s/abc\rq1234567?zZu+-cxel hjkl"), uint64(1))
	f.Fuzz(func(t *testing.T, keys []byte, seed uint64) {
		m, _ := recorded(t, Config{})
		rnd := rand.New(rand.NewPCG(seed, 0))
		for i, k := range keys[:min(len(keys), 200)] {
			names := []string{"enter", "esc", "tab", "shift+tab", "up", "down", "left", "right", "pgdown", "end", "home", "space", "backspace"}
			if int(k) < len(names) {
				m.pressAll(names[k])
			} else {
				m.pressAll(string(rune(k)))
			}
			if rnd.IntN(5) == 0 {
				m.resize(rnd.IntN(300), rnd.IntN(80))
			}
			if rnd.IntN(10) == 0 {
				m.feed(int64(i)+2_000_000_000, make([]uint64, rnd.IntN(5))...)
			}
			m.View()
		}
	})
}
