package docker

import (
	"slices"
	"strings"
	"testing"

	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/topology"
)

// lab returns a lab's folder under a root.
func lab(t *testing.T, root, name string) state.Dir {
	t.Helper()
	dir, err := state.OpenLab(root, name)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// Nodes of different labs, or of labs of different roots, never share a name.
func TestNamesAreUnique(t *testing.T) {
	if got := Name(lab(t, state.DefaultRoot, "a"), "b-c"); got != "valelab-a-b-c" {
		t.Errorf("name %s", got)
	}
	seen := map[string]bool{}
	for _, root := range []string{state.DefaultRoot, t.TempDir(), t.TempDir()} {
		for _, at := range [][2]string{{"a", "b-c"}, {"a-b", "c"}, {"a-b-c", "d"}, {"a", "b-c-d"}} {
			name := Name(lab(t, root, at[0]), at[1])
			if seen[name] {
				t.Errorf("%s is the name of two", name)
			}
			seen[name] = true
		}
	}
}

func TestCommand(t *testing.T) {
	img := &imageConfig{entrypoint: []string{"tini", "--"}, cmd: []string{"serve"}}
	for _, c := range []struct {
		node topology.Node
		want string
	}{
		{topology.Node{}, "tini -- serve"},
		{topology.Node{Cmd: []string{"x"}}, "tini -- x"},
		{topology.Node{Entrypoint: []string{"e"}}, "e"},
		{topology.Node{Entrypoint: []string{"e"}, Cmd: []string{"x"}}, "e x"},
	} {
		if got := strings.Join(command(&c.node, img), " "); got != c.want {
			t.Errorf("command of %+v is %q, want %q", c.node, got, c.want)
		}
	}
}

// The program comes first on the PATH: of the lab file's, the image's or the
// usual one.
func TestPath(t *testing.T) {
	for _, c := range []struct{ image, node, want string }{
		{"", "", "PATH=/run/valelab/bin:" + defaultPath},
		{"PATH=/i", "", "PATH=/run/valelab/bin:/i"},
		{"PATH=/i", "PATH=/n", "PATH=/run/valelab/bin:/n"},
		{"PATH=/i", "PATH=", "PATH=/run/valelab/bin"},
	} {
		n, img := &topology.Node{Env: []string{"A=b"}, NoNetmap: true}, &imageConfig{}
		if c.image != "" {
			img.env = []string{c.image}
		}
		if c.node != "" {
			n.Env = append(n.Env, c.node)
		}
		if got := env(n, img); !slices.Equal(got, []string{"A=b", c.want}) {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

func TestReplaceHosts(t *testing.T) {
	file := "127.0.0.1\tlocalhost\n10.0.0.1\ta\n10.0.0.9\tmine\n"
	first := replaceHosts(file, []string{"a:10.0.0.1"}, []topology.Host{{IP: "fd00::1", Name: "a"}})
	if want := "127.0.0.1\tlocalhost\n10.0.0.9\tmine\nfd00::1\ta\t# valelab\n"; first != want {
		t.Errorf("%q, want %q", first, want)
	}
	second := replaceHosts(first, []string{"a:10.0.0.1"}, []topology.Host{{IP: "10.0.0.2", Name: "b"}})
	if want := "127.0.0.1\tlocalhost\n10.0.0.9\tmine\n10.0.0.2\tb\t# valelab\n"; second != want {
		t.Errorf("%q, want %q", second, want)
	}
}

func TestHealthOf(t *testing.T) {
	for status, want := range map[string]string{
		"Up 2 hours (healthy)": "healthy", "Up 1 second (health: starting)": "starting", "Up 3 days (unhealthy)": "unhealthy",
		"Up 2 hours": "", "Exited (137) 2 hours ago": "", "Up 2 hours (Paused)": "", "": "", "Up (": "",
	} {
		if got := healthOf(status); got != want {
			t.Errorf("healthOf(%q) = %q, want %q", status, got, want)
		}
	}
}

// FuzzParseRecord: what is accepted can be an engine's container and process.
func FuzzParseRecord(f *testing.F) {
	f.Add([]byte(`{"id":"` + strings.Repeat("a1", 32) + `","pid":7,"start":9,"boot":"x"}`))
	f.Add([]byte(`{"id":"../x","pid":-1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := parseRecord(data)
		if err == nil && (len(r.ID) != 64 || r.PID < 0) {
			t.Errorf("%q is taken for %+v", data, r)
		}
	})
}

// FuzzReadPull: whatever an engine sends is read to its end, and an error is on
// one line.
func FuzzReadPull(f *testing.F) {
	f.Add([]byte(`{"status":"Downloading","id":"a","progressDetail":{"current":1,"total":2}}{"error":"no\nsuch"}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		err := readPull(strings.NewReader(string(data)), func(int64, int64) {})
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("error %q", err)
		}
	})
}
