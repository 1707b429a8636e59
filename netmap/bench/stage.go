package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/valelab/valelab/netmap/pktgen"
)

// window is the time over which the receiver's rate is taken.
const window = 10 * time.Millisecond

// rxMAC is the receiver's address, which the switch learns.
const rxMAC = "02:00:00:00:00:02"

// stage is the process of the switch and a folder for its socket.
type stage struct {
	dir     string
	process *exec.Cmd
}

// newStage starts the switch.
func newStage(ctx context.Context) (*stage, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	s := &stage{dir: dir}
	s.process = s.program(ctx, "switch", s.socket())
	ready, err := s.process.StdoutPipe()
	if err == nil {
		err = s.process.Start()
	}
	if err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("switch: %w", err)
	}
	if _, err := bufio.NewReader(ready).ReadString('\n'); err != nil {
		return nil, errors.Join(fmt.Errorf("switch: %w", err), s.close())
	}
	return s, nil
}

func (s *stage) socket() string { return filepath.Join(s.dir, "netmap.sock") }

// program is this program as another process, which ends on its own when the
// context does.
func (s *stage) program(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, "/proc/self/exe", args...)
	c.Env = append(os.Environ(), "VALELAB_NETMAP="+s.socket())
	c.Stderr = os.Stderr
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	c.WaitDelay = 5 * time.Second
	return c
}

// close ends the switch.
func (s *stage) close() error {
	err := s.process.Process.Signal(syscall.SIGTERM)
	return errors.Join(err, s.process.Wait(), os.RemoveAll(s.dir))
}

// flow is what a sender sent and a receiver received.
type flow struct {
	windows []float64 // packets a second that were received, in each window
	others  float64   // share of the processors that programs of others took meanwhile
	tx      pktgen.TxSummary
	rx      pktgen.RxSummary
}

// run lets a sender send frames of a size to a receiver for the given time.
func (s *stage) run(ctx context.Context, size int, d time.Duration) (flow, error) {
	var f flow
	begin, err := s.loadNow()
	if err != nil {
		return f, err
	}
	receiver := s.program(ctx, "pktgen", "rx", "-i", "netmap:"+rxPort, "--mac", rxMAC,
		"--interval", window.String(), "--idle-timeout", "200ms", "--duration", (d + time.Second).String(), "--format", "json")
	var received bytes.Buffer
	receiver.Stdout, receiver.Stderr = &received, nil
	reports, err := receiver.StderrPipe()
	if err != nil {
		return f, err
	}
	if err := receiver.Start(); err != nil {
		return f, err
	}
	sampled := make(chan error, 1)
	go func() {
		var err error
		f.windows, err = sample(reports)
		sampled <- err
	}()
	sender := s.program(ctx, "pktgen", "tx", "-i", "netmap:"+txPort, "--dst-mac", rxMAC,
		"--size", strconv.Itoa(size), "--duration", d.String(), "--interval", "0", "--format", "json")
	sent, err := sender.Output()
	if err = errors.Join(err, <-sampled, receiver.Wait()); err != nil {
		return f, err
	}
	end, err := s.loadNow()
	f.others = end.others(begin, sender, receiver)
	return f, errors.Join(err, json.Unmarshal(sent, &f.tx), json.Unmarshal(received.Bytes(), &f.rx))
}

// sample reads a receiver's reports until it ends, and gives the rates of the
// windows in which frames came, but for the first and the last of them.
func sample(reports io.Reader) (rates []float64, err error) {
	lines := bufio.NewScanner(reports)
	for lines.Scan() {
		var p pktgen.Progress
		if json.Unmarshal(lines.Bytes(), &p) != nil {
			err = errors.Join(err, errors.New("receiver: "+lines.Text()))
			continue
		}
		if p.PPS > 0 {
			rates = append(rates, p.PPS)
		}
	}
	if len(rates) > 2 {
		rates = rates[1 : len(rates)-1]
	}
	return rates, errors.Join(err, lines.Err())
}
