package exec

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestOwnCalls(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	static := compile(t, "testdata/hold")
	self, err := os.Executable() // Go's, with C in it
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{
		static:    true,
		self:      true,
		"/bin/sh": false,
		write("script", "#! "+static+" -x\ncode"):           true,
		write("shell", "#!/bin/sh\n"):                       false,
		write("loop", "#!"+filepath.Join(dir, "loop")+"\n"): false,
		write("empty", ""):                                  false,
		write("text", "hello"):                              false,
		write("cut", "\x7fELF\x02\x01\x01"):                 false,
		write("bare", "#!"):                                 false,
		filepath.Join(dir, "nowhere"):                       false,
	} {
		if got := OwnCalls(path); got != want {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
}

func TestWrap(t *testing.T) {
	static := compile(t, "testdata/hold")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := "/nowhere:" + filepath.Dir(static)
	for _, c := range []struct{ argv, want []string }{
		{[]string{"hold", "-x"}, []string{"valelab", "netmap-exec", "--", "hold", "-x"}},
		{[]string{static}, []string{"valelab", "netmap-exec", "--", static}},
		{[]string{"/bin/sh"}, []string{"/bin/sh"}},
		{[]string{"nowhere"}, []string{"nowhere"}},
		{[]string{self}, []string{self}},
		{nil, nil},
	} {
		if got := Wrap(c.argv, path, "valelab"); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.argv, got, c.want)
		}
	}
}

// A file may claim anything about itself.
func FuzzOwnCalls(f *testing.F) {
	f.Add([]byte("#!/bin/sh\n"))
	f.Add([]byte("\x7fELF\x02\x01\x01"))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(path, data, 0o755); err != nil {
			t.Fatal(err)
		}
		OwnCalls(path)
	})
}
