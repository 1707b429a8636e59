package conformance

import (
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Result is what the suite says of one case.
type Result struct {
	Case    string
	Passed  bool
	Skipped bool
	Notes   string // lines of the case's own
}

var tapLine = regexp.MustCompile(`^(not )?ok \d+ - (\w+)( # SKIP)?`)

// Parse reads what the suite printed: TAP, whose last line is the number of cases. An error says that it did not
// come to its end.
func Parse(tap string) ([]Result, error) {
	var results []Result
	var notes strings.Builder
	for line := range strings.Lines(tap) {
		if m := tapLine.FindStringSubmatch(line); m != nil {
			results = append(results, Result{Case: m[2], Passed: m[1] == "", Skipped: m[3] != "", Notes: notes.String()})
			notes.Reset()
			continue
		}
		if line == fmt.Sprintf("1..%d\n", len(results)) && len(results) > 0 {
			return results, nil
		}
		notes.WriteString(line)
	}
	return results, errors.New("the suite did not come to its end: " + notes.String())
}

//go:embed unserved.txt
var unservedText string

// Unserved gives the cases that the user-space switch does not pass, with the reason.
func Unserved() map[string]string {
	cases := make(map[string]string)
	for line := range strings.Lines(unservedText) {
		name, why, _ := strings.Cut(strings.TrimSpace(line), " ")
		if name != "" && name != "#" {
			cases[name] = strings.TrimSpace(why)
		}
	}
	return cases
}

// Faults says what is wrong with results: cases that fail and are not listed, and listed ones that pass.
func Faults(results []Result, unserved map[string]string) []string {
	var faults []string
	for _, r := range results {
		_, listed := unserved[r.Case]
		switch {
		case r.Skipped:
		case !r.Passed && !listed:
			faults = append(faults, fmt.Sprintf("%s fails:\n%s", r.Case, r.Notes))
		case r.Passed && listed:
			faults = append(faults, fmt.Sprintf("%s passes, and is listed in unserved.txt", r.Case))
		}
	}
	return faults
}
