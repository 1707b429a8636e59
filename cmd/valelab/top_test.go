package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"
	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/cmd/valelab/tui"
	"github.com/valelab/valelab/runtime"
)

// topTerminal is a terminal with a lab's `valelab top` in it.
type topTerminal struct {
	*liveLab
	socket string // of a tmux server of its own
	folder string // of the shell, for files
}

// openTop starts top in a terminal.
func openTop(t *testing.T, l *liveLab, width, height int, args string) *topTerminal {
	t.Helper()
	tt := openTerminal(t, width, height, "VALELAB_RUN="+l.root, "valelab top "+args+" "+l.name)
	tt.liveLab = l
	return tt
}

// openTerminal starts a command in a terminal. When it has ended the terminal
// says "ended STATUS"; its settings before and after are in files.
func openTerminal(t *testing.T, width, height int, env, command string) *topTerminal {
	t.Helper()
	tt := &topTerminal{liveLab: &liveLab{t: t}, folder: t.TempDir()}
	tt.socket = filepath.Join(tt.folder, "tmux")
	script := "stty -a > before; " + command + "; echo ended $?; stty -a > after; echo done > done; exec sleep 600"
	cmd := exec.Command("tmux", "-u", "-f", "/dev/null", "-S", tt.socket, "new-session", "-d",
		"-x", strconv.Itoa(width), "-y", strconv.Itoa(height), "-c", tt.folder, "sh", "-c", script)
	cmd.Env = append(os.Environ(), env, "LC_ALL=C.UTF-8", "TERM=xterm-256color", "SHELL=/bin/sh")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("tmux: %v\n%s", err, out)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the terminal:\n%s", tt.screen())
		}
		exec.Command("tmux", "-S", tt.socket, "kill-server").Run()
	})
	return tt
}

func (tt *topTerminal) tmux(args ...string) string {
	tt.t.Helper()
	out, err := exec.Command("tmux", append([]string{"-S", tt.socket}, args...)...).CombinedOutput()
	if err != nil {
		tt.t.Fatalf("tmux %q: %v\n%s", args, err, out)
	}
	return string(out)
}

func (tt *topTerminal) keys(keys ...string) {
	tt.t.Helper()
	for _, k := range keys {
		tt.tmux("send-keys", k)
	}
}

func (tt *topTerminal) typed(text string) {
	tt.t.Helper()
	tt.tmux("send-keys", "-l", text)
}

// screen is what the terminal shows.
func (tt *topTerminal) screen() string {
	out, _ := exec.Command("tmux", "-S", tt.socket, "capture-pane", "-p").Output()
	return string(out)
}

// see waits until the terminal shows all the texts, and returns what it shows.
func (tt *topTerminal) see(texts ...string) (screen string) {
	tt.t.Helper()
	await(tt.t, func() string {
		screen = tt.screen()
		for _, text := range texts {
			if !strings.Contains(screen, text) {
				return fmt.Sprintf("the terminal does not show %q:\n%s", text, screen)
			}
		}
		return ""
	})
	return screen
}

// program is the process of top.
func (tt *topTerminal) program() int {
	tt.t.Helper()
	shell := strings.TrimSpace(tt.tmux("display-message", "-p", "#{pane_pid}"))
	children, err := os.ReadFile(fmt.Sprintf("/proc/%s/task/%s/children", shell, shell))
	if err != nil {
		tt.t.Fatal(err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(string(children)))
	if err != nil {
		tt.t.Fatal(err)
	}
	return child
}

// row returns the fields of the first line that has the text.
func row(screen, text string) []string {
	for _, line := range strings.Split(screen, "\n") {
		if strings.Contains(line, text) {
			return strings.Fields(strings.TrimPrefix(line, "▌"))
		}
	}
	return nil
}

func needTmux(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("tmux is not installed")
	}
}

// top through a real terminal: rates as the generator sees them, sort, filter,
// look into a ring, freeze, capture, a shell, another agent, and away.
func TestRootTop(t *testing.T) {
	needTmux(t)
	l := deploy(t, "testdata/toplab.yml")
	tt := openTop(t, l, 120, 30, "")
	tt.see("toplab", "[1 Overview]", "PKT/S")

	tt.keys("3", "u", "u")
	tt.see("[3 Rings]", "gen:eth1", "digits")
	tt.checkRates()

	tt.keys("s", "s")
	tt.see("by SWITCH")
	tt.keys("s", "s")
	if screen := tt.see("by PKT/S"); len(row(screen, "gen:eth1")) == 0 || !strings.HasPrefix(strings.Join(row(screen, "▌"), " "), "gen:eth1 tx0") &&
		!strings.HasPrefix(strings.Join(row(screen, "▌"), " "), "sink:eth1 rx0") {
		t.Errorf("sorted by rate, the first is not one of the busy rings:\n%s", screen)
	}
	tt.keys("/")
	tt.typed("gen tx0")
	tt.see("filter: gen tx0", "(1 of")
	tt.keys("Enter", "Enter")
	tt.see("> Ring", "gen:eth1 tx0", "waits for the switch")

	tt.checkFreeze()
	tt.checkCapture()
	tt.checkShell()
	tt.checkResizes()

	if err := unix.Kill(l.agent(), unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	tt.keys("7")
	tt.see("restarted", "[7 Events]")
	tt.keys("3")
	tt.see("gen:eth1", "●")

	tt.keys("q")
	tt.checkRestored("ended 0")
}

// progress is what pktgen prints each second.
var pktgenProgress = regexp.MustCompile(`tx +[0-9.]+ s +([0-9.]+)( ?[kMG]?)pps`)

// checkRates compares the rate that is shown with pktgen's own.
func (tt *topTerminal) checkRates() {
	tt.t.Helper()
	good := 0
	var last string
	for begin := time.Now(); good < 3; time.Sleep(500 * time.Millisecond) {
		if time.Since(begin) > time.Minute {
			tt.t.Fatalf("the rates never agree: %s", last)
		}
		fields := row(tt.screen(), "gen:eth1")
		log := pktgenProgress.FindAllStringSubmatch(tt.valelab("logs", "gen", "--lab", tt.name, "--tail", "2"), -1)
		if len(fields) < 5 || len(log) == 0 {
			last = fmt.Sprintf("top: %q, pktgen: %q", fields, log)
			continue
		}
		shown, err := strconv.ParseFloat(fields[4], 64)
		said, _ := strconv.ParseFloat(log[len(log)-1][1], 64)
		said *= map[string]float64{"": 1, "k": 1e3, "M": 1e6}[strings.TrimSpace(log[len(log)-1][2])]
		last = fmt.Sprintf("top shows %v packets a second (%v), pktgen says %v", shown, err, said)
		if err == nil && said > 0 && math.Abs(shown-said) <= said/20 {
			good++
		}
	}
	tt.t.Log(last)
}

// checkFreeze: a frozen screen stays while the clock goes on.
func (tt *topTerminal) checkFreeze() {
	tt.t.Helper()
	tt.keys("Space")
	frozen := tt.see("FROZEN at")
	counts := strings.Join(row(frozen, " packets "), " ")
	for range 3 {
		clock := row(tt.screen(), "FROZEN")[2]
		await(tt.t, func() string {
			if fields := row(tt.screen(), "FROZEN"); len(fields) < 3 || fields[2] == clock {
				return "the clock does not go on"
			}
			return ""
		})
		if now := strings.Join(row(tt.screen(), " packets "), " "); now != counts {
			tt.t.Errorf("frozen at %q, then %q", counts, now)
		}
	}
	tt.keys("Space")
	await(tt.t, func() string {
		if now := strings.Join(row(tt.screen(), " packets "), " "); now == counts {
			return "the screen stays frozen at " + counts
		}
		return ""
	})
}

// checkCapture captures into a file and stops that.
func (tt *topTerminal) checkCapture() {
	tt.t.Helper()
	file := filepath.Join(tt.folder, "top.pcapng")
	tt.keys("c")
	tt.see("capture gen:eth1 into")
	tt.keys("C-u")
	tt.typed(file)
	tt.keys("Enter")
	tt.see("runs")
	tt.keys("6")
	await(tt.t, func() string {
		screen := tt.screen()
		fields := row(screen, "gen:eth1")
		if len(fields) < 3 || fields[2] == "0" {
			return "no capture with packets is shown:\n" + screen
		}
		return ""
	})
	tt.keys("x")
	tt.see("stop capture 1? y/n")
	tt.keys("y")
	tt.see("is stopped")
	tt.awaitCaptures(0)
	await(tt.t, func() string {
		text, err := os.ReadFile(file)
		if err != nil {
			return err.Error()
		}
		if got, _ := readCapture(tt.t, bytes.NewReader(text)); got["gen:eth1"].Out == 0 || got["gen:eth1"].In > got["gen:eth1"].Out {
			return fmt.Sprintf("the file has %+v", got)
		}
		return ""
	})
}

// checkShell goes into a node and comes back.
func (tt *topTerminal) checkShell() {
	tt.t.Helper()
	tt.keys("5")
	tt.see("[5 Nodes]", "idle")
	tt.keys("Down") // from gen
	tt.see("LOG idle", "nothing to do")
	tt.keys("e")
	tt.see("#") // a prompt of root's; top shows no such sign
	tt.typed("echo here-is-$(hostname)")
	tt.keys("Enter")
	tt.see("here-is-idle")
	tt.typed("exit")
	tt.keys("Enter")
	tt.see("[5 Nodes]", "LOG idle")
}

// checkResizes: a storm of sizes leaves a whole screen.
func (tt *topTerminal) checkResizes() {
	tt.t.Helper()
	tt.keys("3")
	for i := range 60 {
		tt.tmux("resize-window", "-x", strconv.Itoa(40+37*i%210), "-y", strconv.Itoa(10+17*i%60))
	}
	tt.tmux("resize-window", "-x", "120", "-y", "30")
	await(tt.t, func() string {
		screen := tt.screen()
		if strings.Count(screen, "[3 Rings]") != 1 || strings.Count(screen, "? help") != 1 || strings.Count(screen, "OCCUPANCY") != 1 {
			return "the screen is not whole:\n" + screen
		}
		return ""
	})
}

// checkRestored: top has ended with these words, and the terminal is as before.
func (tt *topTerminal) checkRestored(words string) {
	tt.t.Helper()
	tt.see(words)
	await(tt.t, func() string {
		if _, err := os.Stat(filepath.Join(tt.folder, "done")); err != nil {
			return err.Error()
		}
		return ""
	})
	flags := strings.TrimSpace(tt.tmux("display-message", "-p", "#{alternate_on} #{cursor_flag} #{mouse_any_flag}"))
	if flags != "0 1 0" {
		tt.t.Errorf("alternate screen, cursor, mouse: %s, want 0 1 0", flags)
	}
	before, err := os.ReadFile(filepath.Join(tt.folder, "before"))
	if err != nil {
		tt.t.Fatal(err)
	}
	after, err := os.ReadFile(filepath.Join(tt.folder, "after"))
	if err != nil {
		tt.t.Fatal(err)
	}
	cut := regexp.MustCompile(`rows \d+; columns \d+;`)
	if a, b := cut.ReplaceAllString(string(before), ""), cut.ReplaceAllString(string(after), ""); a != b {
		tt.t.Errorf("the terminal was\n%sand is\n%s", a, b)
	}
}

// However top ends, the terminal is itself again; the lab may go under it.
func TestRootTopEnds(t *testing.T) {
	needTmux(t)
	l := deploy(t, "testdata/toplab.yml")
	tt := openTop(t, l, 80, 24, "--ascii --readonly --interval 200ms")
	tt.see("toplab", "readonly", "every 200ms")
	for _, r := range tt.screen() {
		if r > '~' {
			t.Fatalf("%q is not ASCII:\n%s", r, tt.screen())
		}
	}
	l.valelab("destroy", l.name)
	tt.see("gone")
	l.valelab("deploy", "testdata/toplab.yml")
	tt.see("* ", "[1 Overview]")
	await(t, func() string {
		if strings.Contains(tt.screen(), "gone") {
			return "it does not see the lab that is back"
		}
		return ""
	})
	tt.end(unix.SIGTERM)
	tt.checkRestored("ended 0")

	hungUp := openTop(t, l, 80, 24, "")
	hungUp.see("[1 Overview]", "PKT/S")
	hungUp.end(unix.SIGHUP)
	hungUp.checkRestored("ended 0")

	// Without agent and keeper nobody ever answers again.
	lost := openTop(t, l, 80, 24, "")
	lost.see("[1 Overview]", "PKT/S")
	var inspection runtime.Inspection
	if err := json.Unmarshal([]byte(l.valelab("inspect", l.name, "-f", "json")), &inspection); err != nil {
		t.Fatal(err)
	}
	for _, pid := range []int{inspection.Keeper, inspection.Agent.PID} {
		if err := unix.Kill(pid, unix.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	lost.see("no agent, trying again")
	lost.keys("?")
	lost.see("> Help")
	lost.keys("q")
	lost.checkRestored("ended 0")
}

// end sends a signal to top.
func (tt *topTerminal) end(s unix.Signal) {
	tt.t.Helper()
	if err := unix.Kill(tt.program(), s); err != nil {
		tt.t.Fatal(err)
	}
}

// panicking is a source of samples that is broken.
type panicking struct {
	topSource
	message tea.Msg
}

func (p *panicking) Watch(int, time.Duration) tea.Msg {
	if p.message == nil {
		panic("of a command")
	}
	return p.message
}
func (p *panicking) NextEvent() tea.Msg { return nil }
func (p *panicking) Lab() tea.Msg       { return nil }
func (p *panicking) Captures() tea.Msg  { return nil }

// topPanics is a mode of the test binary: top with a fault in it.
func topPanics() {
	source := &panicking{}
	if os.Args[1] == "update" {
		source.message = tui.SampleMsg{Gen: 1} // no sample
	}
	model := tui.New(tui.Config{Lab: "broken", Interval: time.Second, Renderer: lipgloss.NewRenderer(os.Stdout)}, source)
	os.Exit(report(streams{os.Stdin, os.Stdout, os.Stderr}, showTop(context.Background(), os.Stdout, model)))
}

// A fault of top leaves a terminal that can be used, and tells of itself.
func TestTopPanics(t *testing.T) {
	needTmux(t)
	for where, what := range map[string]string{"update": "nil pointer", "command": "of a command"} {
		t.Run(where, func(t *testing.T) {
			tt := openTerminal(t, 160, 100, "A=", "top-panics "+where)
			tt.see(what, "goroutine", "top has failed")
			tt.checkRestored("ended 1")
		})
	}
}

// Of a container the log, processor time and memory are shown as of a process,
// and its shell is one in it.
func TestRootTopContainers(t *testing.T) {
	needTmux(t)
	l := deployContainers(t, "boxes", `
nodes:
  box: {image: IMAGE, cpu: 0.2, hostname: inside, cmd: [sh, -c, "echo from the container; while :; do :; done"]}
`)
	tt := openTop(t, l, 100, 24, "")
	tt.keys("5")
	tt.see("[5 Nodes]", "LOG box", "from the container")
	await(t, func() string {
		fields := row(tt.screen(), "running") // NODE, sign, STATE, RESTARTS, CPU, MEMORY, CPU TIME
		if len(fields) < 7 || fields[2] != "running" || fields[4] == "-" || fields[4] == "0%" || fields[5] == "-" || fields[6] == "0.0s" {
			return fmt.Sprintf("the container is shown as %q", fields)
		}
		return ""
	})
	tt.keys("e")
	tt.see("#")
	tt.typed("echo here-is-$(hostname)")
	tt.keys("Enter")
	tt.see("here-is-inside")
	tt.typed("exit")
	tt.keys("Enter")
	tt.see("[5 Nodes]", "LOG box")
	tt.keys("l")
	tt.see("> Log of box", "from the container")
}

// Where there is no terminal, top prints tables.
func TestRootTopWithoutTerminal(t *testing.T) {
	l := deploy(t, "testdata/toplab.yml")
	out := l.valelab("top", l.name, "--interval", "100ms", "--count", "2")
	if strings.Count(out, "SWITCH  PORT") != 2 || !strings.Contains(out, "gen:eth1") || strings.Contains(out, "\x1b") {
		t.Errorf("top printed\n%s", out)
	}
}
