package state

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOpenResolvesLinks(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(dir+"/real", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("real", dir+"/link"); err != nil {
		t.Fatal(err)
	}
	r, err := Open(dir + "/link/a/b")
	if err != nil {
		t.Fatal(err)
	}
	real, err := filepath.EvalSymlinks(dir + "/real")
	if err != nil {
		t.Fatal(err)
	}
	if want := real + "/a/b"; r.Path() != want {
		t.Errorf("root %s, want %s", r.Path(), want)
	}
}

func TestFindRoot(t *testing.T) {
	t.Setenv(RootEnv, "")
	if got := FindRoot(); got != DefaultRoot {
		t.Errorf("FindRoot() = %s without %s", got, RootEnv)
	}
	t.Setenv(RootEnv, "/somewhere")
	if got := FindRoot(); got != "/somewhere" {
		t.Errorf("FindRoot() = %s, want /somewhere", got)
	}
}

func TestLabRefusesBadNames(t *testing.T) {
	r := testRoot(t)
	for _, name := range []string{"", ".", "..", ".hidden", "a/b", "../a", "-x", "a b", strings.Repeat("a", 41)} {
		if _, err := r.Lab(name); err == nil {
			t.Errorf("Lab(%q) is accepted", name)
		}
	}
}

func TestLabs(t *testing.T) {
	r := testRoot(t)
	if labs, err := r.Labs(); err != nil || len(labs) > 0 {
		t.Fatalf("Labs() without a root = %v, %v", labs, err)
	}
	for _, name := range []string{"b", "a"} {
		acquire(t, testLab(t, r, name)).Unlock()
	}
	// Neither a file nor a folder with something else in it is a lab.
	if err := os.WriteFile(r.Path()+"/file", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(r.Path()+"/other/things", 0o755); err != nil {
		t.Fatal(err)
	}
	labs, err := r.Labs()
	if err != nil || len(labs) != 2 || labs[0].Name() != "a" || labs[1].Name() != "b" {
		t.Fatalf("Labs() = %v, %v", labs, err)
	}
	if err := r.Trim(); err != nil {
		t.Fatalf("trim of a root in use: %v", err)
	}
	if _, err := os.Stat(r.Path()); err != nil {
		t.Fatal("trim removed a root that is in use")
	}
}

func TestAcquireLeavesForeignFoldersAlone(t *testing.T) {
	r := testRoot(t)
	if err := os.MkdirAll(r.Path()+"/other/things", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/", r.Path()+"/link"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"other", "link"} {
		if _, err := testLab(t, r, name).Acquire(t.Context(), 0); !errors.Is(err, ErrForeign) {
			t.Errorf("lock of %s: %v, want ErrForeign", name, err)
		}
	}
	if _, err := os.Stat(r.Path() + "/other/lock"); err == nil {
		t.Error("a lock was made in a foreign folder")
	}
}

// TestIsPlugin: a folder that can't be looked into is not taken for a plugin's.
func TestIsPlugin(t *testing.T) {
	r := testRoot(t)
	lab := testLab(t, r, "lab")
	for _, made := range []bool{false, true} {
		if plugin, err := lab.IsPlugin(); plugin != made || err != nil {
			t.Errorf("plugin %v, %v, want %v", plugin, err, made)
		}
		if err := WriteFile(lab.Plugin(), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(r.Path()+"/file", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if plugin, err := testLab(t, r, "file").IsPlugin(); plugin || err != nil {
		t.Errorf("a file: plugin %v, %v", plugin, err)
	}
	if err := os.Symlink("loop", r.Path()+"/loop"); err != nil {
		t.Fatal(err)
	}
	if plugin, err := testLab(t, r, "loop").IsPlugin(); plugin || err == nil {
		t.Errorf("a loop of links: plugin %v, %v", plugin, err)
	}
}
