package state

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// startMarked starts this binary with the argument list args.
func startMarked(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = args
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		_ = cmd.Wait()
	})
	return cmd
}

func TestProcessesAndKill(t *testing.T) {
	r := testRoot(t)
	lab, other := testLab(t, r, "lab"), testLab(t, r, "lab2")
	keeper := startMarked(t, "valelab-keeper", lab.Path())
	node := startMarked(t, "valelab-init", lab.Path(), "a")
	startMarked(t, "valelab-agent", other.Path())
	startMarked(t, "valelab-agent", "relative")
	startMarked(t, "valelab-init", lab.Path()) // no node: no mark

	found, err := lab.Processes()
	if err != nil {
		t.Fatal(err)
	}
	roles := map[Role]Process{}
	for _, p := range found {
		roles[p.Role] = p
	}
	if len(found) != 2 || roles[Keeper].Number != keeper.Process.Pid || roles[Init].Number != node.Process.Pid || roles[Init].Node != "a" {
		t.Fatalf("found %v", found)
	}
	if all, err := r.Processes(); err != nil || len(all) != 3 {
		t.Fatalf("processes of all labs: %v, %v", all, err)
	}

	// One that is gone already, and one whose number is another's now.
	stale := roles[Keeper]
	stale.Start++
	if err := Kill(t.Context(), append(found, stale)); err != nil {
		t.Fatal(err)
	}
	if err := Kill(t.Context(), found); err != nil {
		t.Fatalf("second kill: %v", err)
	}
	if found, err = lab.Processes(); err != nil || len(found) > 0 {
		t.Fatalf("after the kill: %v, %v", found, err)
	}
	if found, err = other.Processes(); err != nil || len(found) != 1 {
		t.Fatalf("another lab's after the kill: %v, %v", found, err)
	}
}

func TestWaitEndsWithContext(t *testing.T) {
	lab := testLab(t, testRoot(t), "lab")
	startMarked(t, "valelab-keeper", lab.Path())
	found, err := lab.Processes()
	if err != nil || len(found) != 1 {
		t.Fatalf("found %v, %v", found, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := found[0].Wait(ctx); err == nil {
		t.Error("a process that runs has ended")
	}
}

// FuzzParseMark: what is accepted names a role, an absolute folder, and a node
// exactly when the role has one; and it is what the bytes begin with.
func FuzzParseMark(f *testing.F) {
	for _, seed := range []string{
		"valelab-keeper\x00/run/valelab/a\x00", "valelab-init\x00/run/valelab/a\x00n1\x00",
		"valelab-exec\x00/a\x00n\x00", "valelab-init\x00/a\x00", "valelab-agent\x00a\x00", "valelab-other\x00/a\x00", "",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		role, dir, node, ok := parseMark(data)
		if !ok {
			return
		}
		want := string(role) + "\x00" + dir
		if node != "" {
			want += "\x00" + node
		}
		hasNode := role == Init || role == Exec
		if !filepath.IsAbs(dir) || hasNode != (node != "") || !strings.HasPrefix(string(data), want) {
			t.Errorf("parseMark(%q) = %q, %q, %q", data, role, dir, node)
		}
	})
}
