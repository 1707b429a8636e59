package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of processor time in /proc, on every Linux.
const tick = 10 * time.Millisecond

// load is the processor time that was spent up to a moment, by everybody and by
// the switch.
type load struct {
	at             time.Time
	all, theSwitch time.Duration
}

// loadNow takes the time so far of everybody and of the switch.
func (s *stage) loadNow() (load, error) {
	all, err := os.ReadFile("/proc/stat")
	if err != nil {
		return load{}, err
	}
	line, _, _ := strings.Cut(string(all), "\n")
	// cpu user nice system idle iowait irq softirq steal ...
	busy, err := ticks(strings.Fields(line), 1, 2, 3, 6, 7, 8)
	if err != nil {
		return load{}, fmt.Errorf("/proc/stat: %w", err)
	}
	file := fmt.Sprintf("/proc/%d/stat", s.process.Process.Pid)
	own, err := os.ReadFile(file)
	if err != nil {
		return load{}, err
	}
	// Behind the name, which may hold anything: state ppid ... utime stime.
	fields := strings.Fields(string(own[strings.LastIndexByte(string(own), ')')+1:]))
	mine, err := ticks(fields, 11, 12)
	if err != nil {
		return load{}, fmt.Errorf("%s: %w", file, err)
	}
	return load{at: time.Now(), all: busy, theSwitch: mine}, nil
}

// ticks adds up some fields that count clock ticks.
func ticks(fields []string, which ...int) (time.Duration, error) {
	var sum time.Duration
	for _, i := range which {
		if i >= len(fields) {
			return 0, fmt.Errorf("only %d fields", len(fields))
		}
		n, err := strconv.ParseInt(fields[i], 10, 64)
		if err != nil {
			return 0, err
		}
		sum += time.Duration(n) * tick
	}
	return sum, nil
}

// others gives the share of all processors that was spent since, but not by
// the switch and the given programs, which have ended.
func (l load) others(since load, programs ...*exec.Cmd) float64 {
	spent := l.all - since.all - (l.theSwitch - since.theSwitch)
	for _, p := range programs {
		spent -= p.ProcessState.UserTime() + p.ProcessState.SystemTime()
	}
	return max(0, spent.Seconds()/(l.at.Sub(since.at).Seconds()*float64(runtime.NumCPU())))
}
