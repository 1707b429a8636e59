package node

import (
	"os"
	"path/filepath"
	"testing"
)

func TestMissing(t *testing.T) {
	folder := t.TempDir()
	program := filepath.Join(folder, "program")
	if err := os.WriteFile(program, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program+".txt", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		argv    []string
		env     []string
		dir     string
		missing bool
	}{
		"no command":           {},
		"on the path":          {argv: []string{"sh", "-c", "exit"}},
		"not on the path":      {argv: []string{"no-such-program"}, missing: true},
		"valelab":              {argv: []string{"valelab", "pktgen"}},
		"on a path of its own": {argv: []string{"program"}, env: []string{"PATH=/bin:" + folder}},
		"that path left out":   {argv: []string{"program"}, missing: true},
		"not a program":        {argv: []string{"program.txt"}, env: []string{"PATH=" + folder}, missing: true},
		"with its path":        {argv: []string{program}},
		"a path to nothing":    {argv: []string{folder + "/none"}, missing: true},
		"from its folder":      {argv: []string{"./program"}, dir: folder},
		"not in its folder":    {argv: []string{"./program"}, missing: true},
		"in the node's own":    {argv: []string{"/run/none"}},
	} {
		cfg := Config{Name: "n", Argv: test.argv, Env: test.env, Dir: test.dir}
		want := ""
		if test.missing {
			want = test.argv[0]
		}
		if got := cfg.Missing(); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
