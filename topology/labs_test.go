package topology

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLabs compares the plans of lab files, as text and as JSON.
func TestLabs(t *testing.T) {
	for _, path := range inputs(t, "labs") {
		name := filepath.Base(path)
		t.Run(strings.TrimSuffix(name, ".yml"), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			lab, err := Parse(name, data, testEnv())
			if err != nil {
				t.Fatal(faultText(faultsOf(t, err)))
			}
			plan := lab.Compile()
			golden(t, strings.TrimSuffix(path, ".yml")+".txt", []byte(plan.Text()))
			golden(t, strings.TrimSuffix(path, ".yml")+".json", indented(t, plan))
			checkPlan(t, plan)

			// A byte order mark and DOS line ends change nothing.
			dos := append([]byte("\ufeff"), bytes.ReplaceAll(data, []byte("\n"), []byte("\r\n"))...)
			lab, err = Parse(name, dos, testEnv())
			if err != nil {
				t.Fatal(faultText(faultsOf(t, err)))
			}
			if diff := cmp.Diff(plan, lab.Compile()); diff != "" {
				t.Errorf("with DOS line ends (-without +with):\n%s", diff)
			}
		})
	}
}

func indented(t testing.TB, plan *Plan) []byte {
	t.Helper()
	data, err := json.MarshalIndent(plan, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(data, '\n')
}

// checkPlan checks what holds for every plan: it survives its JSON, and each step
// comes after all that it needs.
func checkPlan(t testing.TB, plan *Plan) {
	t.Helper()
	data := indented(t, plan)
	again, err := ParsePlan(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plan, again); diff != "" {
		t.Errorf("after ParsePlan (-made +read):\n%s", diff)
	}
	if !bytes.Equal(data, indented(t, again)) {
		t.Error("JSON changes when it is read and written")
	}
	if plan.Text() != again.Text() {
		t.Error("text changes when the plan is read back")
	}
	done := make(map[string]bool)
	for _, s := range plan.Steps {
		for _, need := range s.Needs {
			if !done[need] {
				t.Errorf("step %s needs %s, which does not come before", s.ID, need)
			}
		}
		done[s.ID] = true
	}
}
