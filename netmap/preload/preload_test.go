package preload

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/valelab/valelab/netmap/bench/standalone"
	"github.com/valelab/valelab/netmap/serve"
)

// built is where TestMain has put the library and the test programs.
var built string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "valelab-preload-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	built = dir
	if out, err := exec.Command("./build.sh", filepath.Join(dir, Name)).CombinedOutput(); err != nil {
		os.Stderr.WriteString("build.sh: " + err.Error() + "\n" + string(out))
		return 1
	}
	return m.Run()
}

// compile builds a test program.
func compile(t *testing.T, name string, flags ...string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), name)
	args := append([]string{
		"-g", "-O1", "-Wall", "-Wextra", "-Werror", "-pthread", "-I../internal/abi", "-o", program, "testdata/" + name + ".c",
	}, flags...)
	if out, err := exec.Command("gcc", args...).CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	return program
}

// lan is a switch with the ports a and b, which nobody has open when a test ends.
func lan(t *testing.T) (socket string, server *standalone.Server) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "netmap.sock")
	server, err := standalone.Start(standalone.Config{
		Socket:   socket,
		Switches: [][]string{{"a", "b"}},
		Geometry: serve.Geometry{Rings: 1, Slots: 64},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		waitFor(t, "all ports to be closed", func() bool { return server.Opens() == 0 })
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return socket, server
}

// environ is the environment of a program with the library.
func environ(socket string) []string {
	return append(os.Environ(), "LD_PRELOAD="+filepath.Join(built, Name), "VALELAB_NETMAP="+socket)
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for begin := time.Now(); !done(); time.Sleep(time.Millisecond) {
		if time.Since(begin) > 20*time.Second {
			t.Errorf("waited in vain for %s", what)
			return
		}
	}
}

// runProgram runs a test program of testdata in the library.
func runProgram(t *testing.T, name string, args ...string) {
	t.Helper()
	program := compile(t, name)
	socket, _ := lan(t)
	cmd := exec.Command(program, args...)
	cmd.Env = environ(socket)
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestDevice(t *testing.T) { runProgram(t, "device") }

func TestSync(t *testing.T) { runProgram(t, "sync") }

func TestPoll(t *testing.T) { runProgram(t, "poll") }

func TestEpoll(t *testing.T) { runProgram(t, "epoll") }

func TestDescriptors(t *testing.T) { runProgram(t, "fds") }

func TestMap(t *testing.T) { runProgram(t, "map") }

func TestProcesses(t *testing.T) { runProgram(t, "process") }

func TestThreads(t *testing.T) { runProgram(t, "threads") }

// Without make the program has no library, and says so.
func TestLibrary(t *testing.T) {
	data, err := Library()
	if _, there := os.Stat("lib/" + Name); there != nil {
		if !errors.Is(err, ErrMissing) {
			t.Errorf("%d bytes, %v", len(data), err)
		}
		return
	}
	if err != nil || len(data) == 0 {
		t.Errorf("%d bytes, %v", len(data), err)
	}
}
