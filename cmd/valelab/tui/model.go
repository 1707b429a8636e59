package tui

import (
	"errors"
	"fmt"
	"slices"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"

	"github.com/valelab/valelab/cmd/valelab/tui/quiet"
	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/agent"
	"github.com/valelab/valelab/runtime/sample"
)

// bubbletea is initialized, and has asked the terminal nothing.
func init() { quiet.Over() }

// Config is how the UI begins.
type Config struct {
	Lab      string
	Interval time.Duration
	Readonly bool // no captures, no shells
	ASCII    bool
	Renderer *lipgloss.Renderer // knows the terminal's colours
}

// intervals are the times between two samples that + and - choose from.
var intervals = []time.Duration{
	100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second,
}

// The bounds of what is kept.
const (
	maxEvents  = 1000
	maxHistory = 240
	slowly     = 2 * time.Second // between two looks at what changes slowly
	lookShare  = 200             // looking at the whole lab takes one part of so many of the time at most
)

// Model is the whole state of the UI. One goroutine, bubbletea's, uses it.
type Model struct {
	cfg    Config
	source Source
	theme  *theme
	keys   keyMap

	width, height int
	screen        screen
	back          []screen // where esc leads
	asking        *prompt
	scrolled      int // lines that help and log are scrolled by

	gen     int
	live    *sample.Sample // the last one
	shown   *sample.Sample // the same, but for frozen screens
	base    *sample.Sample // counts begin here; nil: at the beginning
	drawn   *sample.Sample // shown, counted from base
	counted sample.Memory  // of drawn
	visible []sample.Ring  // of drawn, without idle ones; memory for the tables
	frozen  bool
	units   units
	down    *DownMsg // the agent does not answer
	lab     LabMsg
	look    int  // the number of the next look at the lab
	soon    bool // it was called for by an event
	log     LogsMsg
	node    string // whose log is shown
	detail  sample.Key
	past    []float64 // packets a second into the switches
	said    string    // the result of the last action
	failed  bool      // it was none

	busy     table[sample.Ring]
	switches table[switchRow]
	rings    table[sample.Ring]
	tree     table[treeRow]
	treePlan treePlan
	nodes    table[sample.Node]
	captures table[captureRow]
	events   table[agent.Event]
}

// New returns a model that has seen nothing yet.
func New(cfg Config, source Source) *Model {
	m := &Model{cfg: cfg, source: guarded{source}, theme: newTheme(cfg.Renderer, cfg.ASCII), keys: newKeyMap(), width: 80, height: 24}
	m.initRings()
	m.initSwitches()
	m.initTree()
	m.initNodes()
	m.initCaptures()
	m.initEvents()
	return m
}

// Init starts everything that asks by itself.
func (m *Model) Init() tea.Cmd {
	return tea.Batch(m.watch(), m.source.NextEvent, m.source.Lab, m.source.Captures, refresh())
}

func refresh() tea.Cmd {
	return tea.Tick(slowly, func(time.Time) tea.Msg { return refreshMsg{} })
}

// lookIn looks at the lab after a while, if nothing calls for it earlier.
func (m *Model) lookIn(wait time.Duration) tea.Cmd {
	m.look++
	number := m.look
	return tea.Tick(wait, func(time.Time) tea.Msg { return lookMsg{number} })
}

// lookAgain comes behind a look that took so long: that of a large lab compares thousands of objects.
func (m *Model) lookAgain(took time.Duration) tea.Cmd {
	if m.soon {
		return nil
	}
	return m.lookIn(max(slowly, lookShare*took))
}

// lookSoon looks at the lab when it was changed, once for all events of one time.
func (m *Model) lookSoon(e agent.Event) tea.Cmd {
	if m.soon || e.Kind != agent.EventStep && e.Kind != agent.EventAgent && e.Kind != agent.EventKeeper {
		return nil
	}
	m.soon = true
	return m.lookIn(slowly)
}

// watch begins to take samples at the interval that is set.
func (m *Model) watch() tea.Cmd {
	m.gen++
	gen, interval := m.gen, m.cfg.Interval
	return func() tea.Msg { return m.source.Watch(gen, interval) }
}

func (m *Model) next() tea.Cmd {
	gen := m.gen
	return func() tea.Msg { return m.source.Next(gen) }
}

// Update is what a message does.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case tea.KeyMsg:
		return m, m.typed(msg)
	case tea.MouseMsg:
		return m, m.mouse(msg)
	case SampleMsg:
		if msg.Gen == m.gen {
			m.down = nil
			m.take(msg.Sample)
			return m, m.next()
		}
	case DownMsg:
		if msg.Gen == m.gen {
			m.down = &msg
			return m, m.watch()
		}
	case EventMsg:
		m.addEvent(msg.Event)
		return m, tea.Batch(m.source.NextEvent, m.lookSoon(msg.Event))
	case LabMsg:
		m.lab = msg
		return m, m.lookAgain(msg.Took)
	case lookMsg:
		if msg.number == m.look {
			m.soon = false
			return m, m.source.Lab
		}
	case refreshMsg:
		return m, tea.Batch(m.source.Captures, m.readLog(), refresh())
	case CapturesMsg:
		m.setCaptures(msg)
	case LogsMsg:
		if msg.Node == m.node {
			m.log = msg
		}
	case panicMsg:
		panic(string(msg))
	case DoneMsg:
		m.done(msg)
		return m, m.source.Captures
	}
	return m, nil
}

// take takes a sample in. Rates are those against the sample before, whether
// the screen is frozen or not.
func (m *Model) take(s *sample.Sample) {
	s.SetRates(m.live)
	m.live = s
	m.past = append(m.past, totals(s).in)
	if len(m.past) > maxHistory {
		m.past = slices.Delete(m.past, 0, len(m.past)-maxHistory)
	}
	if !m.frozen {
		m.show(s)
	}
}

// show brings a sample to the screen.
func (m *Model) show(s *sample.Sample) {
	m.shown = s
	m.fill()
}

// fill fills the tables of the screen that is shown.
func (m *Model) fill() {
	m.drawn = m.shown
	if m.shown != nil && m.base != nil {
		m.drawn = m.shown.Since(m.base, &m.counted)
	}
	s := m.drawn
	if s == nil {
		return
	}
	visible := m.visible[:0]
	for i := range s.Rings {
		if !s.Rings[i].Idle() {
			visible = append(visible, s.Rings[i])
		}
	}
	m.visible = visible
	switch m.screen {
	case screenOverview:
		m.busy.set(visible)
	case screenSwitches:
		m.setSwitches(visible)
	case screenRings, screenRing:
		m.rings.set(visible)
	case screenTopology:
		m.setTree(visible, s.Nodes)
	case screenNodes, screenLog:
		m.nodes.set(s.Nodes)
	}
}

func (m *Model) done(msg DoneMsg) {
	m.said, m.failed = msg.What, msg.Err != nil
	if msg.Err != nil {
		m.said = fmt.Sprintf("%s: %v", msg.What, msg.Err)
	}
}

// total sums a lab up.
type total struct {
	in, out, inBytes, outBytes, drops float64 // a second
	dropped                           uint64
	uncounted, undropped              int // rings of which it is not known what came by, or was dropped
	netmap, socket, other             int // ports by mode
}

// totals counts NIC rings of endpoints and uplinks: a trunk's frames were counted where they came in.
func totals(s *sample.Sample) (t total) {
	for i := range s.Rings {
		r := &s.Rings[i]
		t.dropped += r.Dropped()
		t.drops += r.DropsPerSecond()
		if r.Counts == nil || r.Drops == nil {
			t.undropped++
		}
		if r.Host || r.Mode == "trunk" {
			continue
		}
		if r.Counts == nil {
			t.uncounted++
		}
		if r.Dir == "tx" && r.Ring == 0 {
			switch r.Mode {
			case "netmap":
				t.netmap++
			case "socket":
				t.socket++
			default:
				t.other++
			}
		}
		if r.Rates == nil {
			continue
		}
		if r.Dir == "tx" {
			t.in, t.inBytes = t.in+r.PacketRate, t.inBytes+r.ByteRate
		} else {
			t.out, t.outBytes = t.out+r.PacketRate, t.outBytes+r.ByteRate
		}
	}
	return t
}

// differs says whether the lab is as its file says, in a few words, and whether
// that is good.
func (m *Model) differs() (text string, good bool) {
	o, file := m.lab.Outlook, m.lab.File
	if file == "" {
		file = "the plan it was deployed from"
	}
	switch {
	case m.lab.Err != nil && errors.Is(m.lab.Err, runtime.ErrNotFound):
		return "there is no lab of this name", false
	case m.lab.Err != nil:
		return "not known: " + m.lab.Err.Error(), false
	case o == nil:
		return "looking", true
	case len(o.Changes) == 0:
		return "as in " + file, true
	case len(o.Changes) == 1:
		return fmt.Sprintf("differs from %s: %s %s (%s)", file, o.Changes[0].Action, o.Changes[0].Step, o.Changes[0].Why), false
	}
	return fmt.Sprintf("differs from %s in %d steps, the first: %s %s (%s)", file, len(o.Changes),
		o.Changes[0].Action, o.Changes[0].Step, o.Changes[0].Why), false
}
