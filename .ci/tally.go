//go:build ignore

// Tally reads what `go test -json` prints and writes what a person needs of
// it: go test's own line for each package, the whole output of each test that
// failed, the reason of each test that was skipped, and one last line with the
// totals. It exits with 1 when anything failed, or when more tests were
// skipped than MAX_SKIPS allows.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// event is one line of `go test -json`; see `go doc test2json`.
type event struct {
	Action     string
	Package    string
	ImportPath string
	Test       string
	Output     string
}

// noise are lines of go test's that say nothing about a package.
var noise = map[string]bool{"PASS\n": true, "FAIL\n": true, "testing: warning: no tests to run\n": true}

func main() {
	output := map[string]string{} // of each test, until its end is known
	failedIn := map[string]int{}  // failed tests of each package
	var passed, failed, skipped int

	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		var e event
		if err := json.Unmarshal(in.Bytes(), &e); err != nil {
			fmt.Println(in.Text()) // not go test's: a line of make's
			continue
		}
		key := e.Package + " " + e.Test
		switch {
		case e.Action == "build-output":
			fmt.Print(e.Output)
		case e.Action == "output" && e.Test == "":
			if !noise[e.Output] {
				fmt.Print(e.Output)
			}
		case e.Action == "output":
			output[key] += e.Output
		case e.Action == "fail" && e.Test == "":
			if failedIn[e.Package] == 0 { // it did not build, or died outside a test
				failed++
			}
		case e.Test == "":
		case e.Action == "pass":
			passed++
			delete(output, key)
		case e.Action == "fail":
			failed++
			failedIn[e.Package]++
			fmt.Print(output[key])
		case e.Action == "skip":
			skipped++
			fmt.Print(skipLine(e.Test, output[key]))
		}
	}
	if err := in.Err(); err != nil {
		fmt.Fprintln(os.Stderr, "tally:", err)
		os.Exit(1)
	}

	fmt.Printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped)
	if max, err := strconv.Atoi(os.Getenv("MAX_SKIPS")); err == nil && skipped > max {
		fmt.Printf("more tests were skipped than the %d allowed\n", max)
		os.Exit(1)
	}
	if failed > 0 || passed == 0 {
		os.Exit(1)
	}
}

// skipLine says in one line which test was skipped and why.
func skipLine(test, output string) string {
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "===") && !strings.HasPrefix(line, "---") {
			return fmt.Sprintf("skip %s: %s\n", test, line)
		}
	}
	return fmt.Sprintf("skip %s\n", test)
}
