package report

import (
	"regexp"
	"strconv"
	"strings"
)

// A Test is what `go test -v` says of one test.
type Test struct {
	Name    string
	Passed  bool // a test that was skipped has not
	Seconds float64
	Output  string
}

var testEnd = regexp.MustCompile(`^--- (PASS|FAIL|SKIP): (\w+) \(([0-9.]+)s\)$`)

// ParseTests reads what a test program printed with -test.v. Tests that run side by side are not told apart. A test
// that has no end has not passed, and what is printed after a test belongs to it: a panic is.
func ParseTests(out string) []Test {
	var tests []Test
	var text *strings.Builder
	flush := func() {
		if len(tests) > 0 && text != nil {
			tests[len(tests)-1].Output = text.String()
		}
	}
	for line := range strings.Lines(out) {
		bare := strings.TrimRight(line, "\r\n")
		if name, ok := strings.CutPrefix(bare, "=== RUN   "); ok && !strings.Contains(name, "/") {
			flush()
			tests, text = append(tests, Test{Name: name}), new(strings.Builder)
			continue
		}
		if m := testEnd.FindStringSubmatch(bare); m != nil && len(tests) > 0 && tests[len(tests)-1].Name == m[2] {
			last := &tests[len(tests)-1]
			last.Passed = m[1] == "PASS"
			last.Seconds, _ = strconv.ParseFloat(m[3], 64)
		}
		if text != nil {
			text.WriteString(line)
		}
	}
	flush()
	return tests
}
