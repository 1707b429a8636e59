package report

import (
	"bufio"
	"encoding/json"
	"io"
)

// Order is what the emulated machine is to do. Files are named as they are called there.
type Order struct {
	Modules []string // to load, in this order; the last one is netmap
	Tests   []Tests
	Run     string // matches the names of the tests that are to run
	Labs    string // the test program that deploys labs
	LabsDir string // where it runs
	NoLabs  bool   // only the random operations are wanted of it

	Suite           string // the conformance suite; "": not wanted
	ChaosOperations int    // 0: not wanted
	ChaosSeed       uint64
}

// Tests is the program of a package's tests.
type Tests struct {
	Package string
	Program string
	Dir     string // where it runs
}

// OrderFile is where the order lies in the archive.
const OrderFile = "/order.json"

// The parts of a run.
const (
	PartModules     = "modules"
	PartConformance = "conformance"
	PartTests       = "tests"
	PartLabs        = "labs"
	PartChaos       = "chaos"
	PartUnload      = "unload"
	PartLog         = "log" // what the emulated kernel said
	PartEnd         = "end" // the last line: the machine has come to its end by itself
)

// Result is what came of one thing.
type Result struct {
	Part    string  `json:"part"`
	Name    string  `json:"name,omitempty"`
	Backend string  `json:"backend,omitempty"` // "user" or "kernel", where it was tried with one of them
	OK      bool    `json:"ok"`
	Seconds float64 `json:"seconds,omitempty"`
	Text    string  `json:"text,omitempty"` // what it printed
}

// Write writes a result as a line.
func Write(w io.Writer, r Result) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = w.Write(append(line, '\n')) // in one piece: w may be a terminal
	return err
}

// Read calls f for every result that comes until r ends. Lines that are none are noise of the terminal.
func Read(r io.Reader, f func(Result)) error {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		var result Result
		if json.Unmarshal(line, &result) == nil && result.Part != "" {
			f(result)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
