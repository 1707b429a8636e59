package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/valelab/valelab/cmd/valelab/tui"
	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/agent"
)

// agentRetry is the time between two tries to reach an agent.
const agentRetry = 300 * time.Millisecond

// logTail is how much of a log is shown.
const logTail = 500

// topSource is what the UI sees of the world. Its methods are called on
// goroutines of bubbletea's.
type topSource struct {
	ctx    context.Context
	cancel context.CancelFunc
	lab    *runtime.Lab
	root   string
	file   string // the lab file that the lab is compared with, or ""
	client *agent.Client

	mu       sync.Mutex
	gen      int
	stream   *agent.Samples
	captures map[*topCapture]struct{}
	running  sync.WaitGroup

	events *agent.Stream // used by one NextEvent at a time
}

// topCapture is a capture that this program writes into a file.
type topCapture struct {
	file string
	run  captureRun
	stop context.CancelFunc
}

var _ tui.Source = (*topSource)(nil)

func newTopSource(ctx context.Context, lab *runtime.Lab, root, file string) *topSource {
	t := &topSource{lab: lab, root: root, file: file, client: lab.Agent(), captures: make(map[*topCapture]struct{})}
	t.ctx, t.cancel = context.WithCancel(ctx)
	return t
}

// close ends everything; captures get their last packets.
func (t *topSource) close() {
	t.cancel()
	t.running.Wait()
	t.client.Close()
}

// Watch starts another stream of samples.
func (t *topSource) Watch(gen int, interval time.Duration) tea.Msg {
	stream, err := t.client.Samples(t.ctx, interval)
	if err != nil {
		return t.down(gen, err)
	}
	t.mu.Lock()
	if t.stream != nil {
		t.stream.Close()
	}
	t.gen, t.stream = gen, stream
	t.mu.Unlock()
	return t.Next(gen)
}

// Next reads the stream of a Watch.
func (t *topSource) Next(gen int) tea.Msg {
	t.mu.Lock()
	stream, current := t.stream, t.gen
	t.mu.Unlock()
	if gen != current {
		return nil
	}
	s, err := stream.Next()
	if err != nil {
		return t.down(gen, err)
	}
	return tui.SampleMsg{Gen: gen, Sample: s}
}

// down tells that there is no agent, after a while.
func (t *topSource) down(gen int, err error) tea.Msg {
	t.wait(agentRetry)
	_, openErr := runtime.Open(t.root, t.lab.Name)
	return tui.DownMsg{Gen: gen, Err: err, Gone: errors.Is(openErr, runtime.ErrNotFound)}
}

func (t *topSource) wait(d time.Duration) {
	select {
	case <-t.ctx.Done():
	case <-time.After(d):
	}
}

// NextEvent reads the events, those of the next agent too.
func (t *topSource) NextEvent() tea.Msg {
	for t.ctx.Err() == nil {
		var err error
		if t.events == nil {
			if t.events, err = t.client.Events(t.ctx); err != nil {
				t.events = nil
				t.wait(agentRetry)
				continue
			}
		}
		event, err := t.events.Next()
		if err == nil {
			return tui.EventMsg{Event: event}
		}
		t.events.Close()
		t.events = nil
		t.wait(agentRetry)
	}
	return nil
}

// Lab looks at the lab, and at what a deploy of its file would change.
func (t *topSource) Lab() tea.Msg {
	begin := time.Now()
	msg := t.look()
	msg.Took = time.Since(begin)
	return msg
}

func (t *topSource) look() tui.LabMsg {
	msg := tui.LabMsg{File: t.file}
	if msg.Lab, msg.Err = runtime.Inspect(t.ctx, t.root, t.lab.Name); msg.Err != nil {
		return msg
	}
	if isPluginLab(t.lab.Name) { // there is nothing to deploy
		return msg
	}
	word := t.file
	if word == "" {
		word = t.lab.Name
	}
	plan, err := planFor(word)
	if err == nil {
		msg.Outlook, err = runtime.Preview(t.ctx, t.root, plan, runtime.Options{})
	}
	msg.Err = err
	return msg
}

// Captures asks for those that run.
func (t *topSource) Captures() tea.Msg {
	list, err := t.client.Captures(t.ctx)
	msg := tui.CapturesMsg{List: list, Err: err, Files: make(map[int]string)}
	t.mu.Lock()
	defer t.mu.Unlock()
	for c := range t.captures {
		msg.Files[c.run.current()] = c.file
	}
	return msg
}

// StartCapture captures a port into a new file.
func (t *topSource) StartCapture(port, file string) tea.Msg {
	what := "capture of " + port
	// Not over what is there: it may be somebody's capture.
	out, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return tui.DoneMsg{What: what, Err: err}
	}
	ctx, stop := context.WithCancel(t.ctx)
	c := &topCapture{file: file, stop: stop, run: captureRun{client: t.client, out: out, begun: make(chan struct{})}}
	t.mu.Lock()
	t.captures[c] = struct{}{}
	t.mu.Unlock()
	ended := make(chan error, 1)
	t.running.Add(1)
	go func() {
		defer t.running.Done()
		defer stop()
		ended <- errors.Join(c.run.run(ctx, agent.CaptureSpec{Ports: []string{port}, Snaplen: 1 << 18}), out.Close())
		t.mu.Lock()
		delete(t.captures, c)
		t.mu.Unlock()
	}()
	select {
	case <-c.run.begun:
		return tui.DoneMsg{What: fmt.Sprintf("%s into %s runs", what, file)}
	case err := <-ended:
		if err != nil {
			os.Remove(file) // nothing was written
		}
		return tui.DoneMsg{What: what, Err: err}
	}
}

// StopCapture ends a capture, whoever began it.
func (t *topSource) StopCapture(id int) tea.Msg {
	err := t.client.StopCapture(t.ctx, id)
	return tui.DoneMsg{What: fmt.Sprintf("capture %d is stopped", id), Err: err}
}

// Logs reads the end of a log.
func (t *topSource) Logs(node string) tea.Msg {
	msg := tui.LogsMsg{Node: node}
	text, err := t.readLog(node)
	msg.Err = err
	if text = bytes.TrimRight(lastLines(text, logTail), "\n"); len(text) > 0 {
		msg.Lines = strings.Split(string(text), "\n")
	}
	return msg
}

func (t *topSource) readLog(node string) ([]byte, error) {
	if t.lab.IsContainer(node) {
		var last lastBytes
		err := t.lab.ContainerLogs(t.ctx, node, false, logTail, &last)
		return last, err
	}
	log, err := openNodeLog(t.lab.Logs(node))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	return log.readAll()
}

// lastBytes keeps the end of what is written to it: lines may be long.
type lastBytes []byte

func (l *lastBytes) Write(p []byte) (int, error) {
	const most = 1 << 20
	*l = append(*l, p...)
	if over := len(*l) - most; over > 0 {
		*l = append((*l)[:0], (*l)[over:]...)
	}
	return len(p), nil
}

// Shell is a shell in a node, by way of this program's own exec.
func (t *topSource) Shell(node string) *exec.Cmd {
	shell := exec.Command("/proc/self/exe", "exec", "--lab", t.lab.Name, node, "--", "sh", "-c", "command -v bash >/dev/null && exec bash; exec sh")
	shell.Args[0] = "valelab" // a name by which the program knows itself
	return shell
}
