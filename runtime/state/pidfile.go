package state

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// PID names one process for good: its number, and its start time in clock
// ticks since boot, which tells it from a later process of the same number.
type PID struct {
	Number int
	Start  uint64
}

// String returns the line that a pid file holds, without its newline.
func (p PID) String() string { return fmt.Sprintf("%d %d", p.Number, p.Start) }

// ParsePID reads the content of a pid file: one line "PID STARTTIME".
func ParsePID(data []byte) (PID, error) {
	line, ok := strings.CutSuffix(string(data), "\n")
	number, start, sep := strings.Cut(line, " ")
	if !ok || !sep {
		return PID{}, fmt.Errorf("pid file holds %.40q, not a line of process number and start time", data)
	}
	n, err := strconv.ParseInt(number, 10, 32)
	if err != nil || n <= 0 || strconv.FormatInt(n, 10) != number {
		return PID{}, fmt.Errorf("pid file: bad process number %.20q", number)
	}
	s, err := strconv.ParseUint(start, 10, 64)
	if err != nil || strconv.FormatUint(s, 10) != start {
		return PID{}, fmt.Errorf("pid file: bad start time %.20q", start)
	}
	return PID{Number: int(n), Start: s}, nil
}

// ReadPID reads a pid file. A file that is missing is reported as [ErrGone].
func ReadPID(path string) (PID, error) {
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return PID{}, fmt.Errorf("%s: %w", path, ErrGone)
	}
	if err != nil {
		return PID{}, err
	}
	p, err := ParsePID(data)
	if err != nil {
		return PID{}, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// WritePID writes a pid file atomically.
func WritePID(path string, p PID) error {
	return WriteFile(path, []byte(p.String()+"\n"), 0o600)
}

// StartTime returns the start time of a process, field 22 of /proc/PID/stat.
// A process that has ended is reported as [ErrGone]; one that has ended and
// was not yet waited for still has its start time.
func StartTime(pid int) (uint64, error) {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, fmt.Errorf("process %d: %w", pid, ErrGone)
	}
	// The name, field 2, is in parentheses and may hold anything.
	end := bytes.LastIndexByte(data, ')')
	fields := bytes.Fields(data[end+1:])
	const field = 22 - 3 // fields after the name start at 3
	if end < 0 || len(fields) <= field {
		return 0, fmt.Errorf("process %d: unreadable /proc entry", pid)
	}
	return strconv.ParseUint(string(fields[field]), 10, 64)
}
