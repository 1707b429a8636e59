package topology

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// maxSeed bounds the inputs that fuzzing starts from, in bytes: small ones go faster.
const maxSeed = 1 << 12

// FuzzParse: any bytes are either a lab, whose plan is always the same and survives
// its JSON, or faults that each have a position, a message on one line and valid
// text. Nothing panics.
func FuzzParse(f *testing.F) {
	for _, folder := range []string{"labs", "broken"} {
		paths, err := filepath.Glob(filepath.Join("testdata", folder, "*.yml"))
		if err != nil {
			f.Fatal(err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			if len(data) < maxSeed {
				f.Add(data)
			}
		}
	}
	for _, text := range bombs() {
		if len(text) < maxSeed {
			f.Add([]byte(text))
		}
	}
	env := testEnv()
	lookup := env.Lookup
	big := strings.Repeat("big ", 1<<16)
	env.Lookup = func(name string) (string, bool) {
		switch name {
		case "BIG":
			return big, true
		case "RAW":
			return "\xff\x00", true
		}
		return lookup(name)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		lab, err := Parse("fuzz.yml", data, env)
		if err != nil {
			if lab != nil {
				t.Error("both a lab and faults")
			}
			lines := bytes.Count(data, []byte("\n")) + 1
			for _, fault := range faultsOf(t, err) {
				checkFault(t, fault, lines)
			}
			return
		}
		plan := lab.Compile()
		again, err := Parse("fuzz.yml", data, env)
		if err != nil {
			t.Fatalf("faults the second time: %v", err)
		}
		if a, b := indented(t, plan), indented(t, again.Compile()); !bytes.Equal(a, b) {
			t.Errorf("two plans of one file:\n%s\n%s", a, b)
		}
		checkPlan(t, plan)
	})
}

func checkFault(t *testing.T, f *Fault, lines int) {
	t.Helper()
	if f.Line < 1 || f.Column < 1 || f.File == "fuzz.yml" && f.Line > lines {
		t.Errorf("fault is nowhere: %+v", f)
	}
	for _, text := range []string{f.Message, f.Hint} {
		if strings.ContainsAny(text, "\n\r\x00") || !utf8.ValidString(text) {
			t.Errorf("fault cannot be shown: %+v", f)
		}
	}
	if f.Message == "" {
		t.Errorf("fault says nothing: %+v", f)
	}
}

// FuzzParsePlan: any bytes are either an error or a plan that survives its JSON.
func FuzzParsePlan(f *testing.F) {
	paths, err := filepath.Glob(filepath.Join("testdata", "labs", "*.json"))
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		plan, err := ParsePlan(data)
		if (plan == nil) == (err == nil) {
			t.Fatalf("got plan %v and error %v", plan, err)
		}
		if err != nil {
			return
		}
		first, err := json.Marshal(plan)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParsePlan(first)
		if err != nil {
			t.Fatal(err)
		}
		second, err := json.Marshal(again)
		if err != nil || !bytes.Equal(first, second) {
			t.Errorf("JSON changes when it is read and written: %v\n%s\n%s", err, first, second)
		}
	})
}
