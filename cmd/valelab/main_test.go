package main

import (
	"context"
	"flag"
	"os"
	"os/exec"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// update rewrites the golden output in the scripts.
var update = flag.Bool("update", false, "rewrite the golden output in testdata")

// TestMain makes the test binary serve as valelab itself: as the command that
// scripts call, and as the agent of the labs that they deploy. The keeper and
// the init of nodes are C in this binary already.
func TestMain(m *testing.M) {
	program := func() { os.Exit(run(context.Background(), os.Args, os.Stdin, os.Stdout, os.Stderr)) }
	testscript.Main(cleaning{m}, map[string]func(){
		"valelab":       program,
		"valelab-agent": func() { failIfBroken(); program() },
		"netprobe":      netprobeMain,
		"top-panics":    topPanics,
	})
}

// cleaning removes what all tests together have made.
type cleaning struct{ m *testing.M }

func (c cleaning) Run() int {
	defer removeImage()
	return c.m.Run()
}

// TestScripts runs testdata/script: what the command line answers without a
// running lab. Needs no privilege.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script", UpdateScripts: *update})
}

// TestRootScripts runs testdata/root: what the command line does with labs
// that run, each script in a state folder of its own.
func TestRootScripts(t *testing.T) {
	needRoot(t)
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/root",
		UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			root, err := os.MkdirTemp("/run", "vl")
			if err != nil {
				return err
			}
			env.Setenv("VALELAB_RUN", root)
			env.Defer(func() { removeLabs(t, root) })
			return nil
		},
	})
}

// removeLabs takes down what a script that failed has left.
func removeLabs(t *testing.T, root string) {
	cmd := exec.Command("valelab", "destroy", "--all")
	cmd.Env = append(os.Environ(), "VALELAB_RUN="+root)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("destroy: %v\n%s", err, out)
	}
	os.RemoveAll(root)
}
