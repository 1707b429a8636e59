package conformance

import (
	"reflect"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	got, err := Parse("ok 1 - a\n# x.c:1: wrong\nnot ok 2 - b\nok 3 - c # SKIP of the module\n1..3\n")
	want := []Result{
		{Case: "a", Passed: true},
		{Case: "b", Notes: "# x.c:1: wrong\n"},
		{Case: "c", Passed: true, Skipped: true},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, cut := range []string{"", "ok 1 - a\n", "ok 1 - a\n1..2\n", "1..0\n"} {
		if _, err := Parse(cut); err == nil {
			t.Errorf("%q has an end", cut)
		}
	}
}

func TestFaults(t *testing.T) {
	results := []Result{
		{Case: "good", Passed: true},
		{Case: "bad"},
		{Case: "listed"},
		{Case: "served", Passed: true},
		{Case: "skipped", Passed: true, Skipped: true},
	}
	got := Faults(results, map[string]string{"listed": "no", "served": "no", "skipped": "no"})
	if len(got) != 2 || !strings.HasPrefix(got[0], "bad fails") || !strings.HasPrefix(got[1], "served passes") {
		t.Errorf("%q", got)
	}
}

// A listed case exists, and has a reason.
func TestUnserved(t *testing.T) {
	names := list(t)
	if len(names) < 300 {
		t.Errorf("%d cases: where are the others?", len(names))
	}
	for name, why := range Unserved() {
		if !names[name] || why == "" {
			t.Errorf("unserved.txt: %s: no such case, or no reason", name)
		}
	}
}
