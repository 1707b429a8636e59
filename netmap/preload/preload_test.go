package preload

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/valelab/valelab/netmap/bench/standalone/standalonetest"
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

// compile builds a test program with this compiler.
func compile(t *testing.T, compiler, name string, flags ...string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), name)
	flags = append([]string{"-g", "-O1", "-Wall", "-Wextra", "-Werror", "-pthread", "-I../internal/abi", "-o", program}, flags...)
	out, err := exec.Command(compiler, append(flags, "testdata/"+name+".c")...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", compiler, err, out)
	}
	return program
}

// environ is the environment of a program with the library.
func environ(socket string) []string {
	return append(os.Environ(), "LD_PRELOAD="+filepath.Join(built, Name), "VALELAB_NETMAP="+socket)
}

// runProgram runs a test program of testdata in the library.
func runProgram(t *testing.T, name string) { runCompiled(t, compile(t, "gcc", name)) }

func runCompiled(t *testing.T, program string) {
	t.Helper()
	socket, _ := standalonetest.LAN(t)
	cmd := exec.Command(program)
	cmd.Env = environ(socket)
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestDevice(t *testing.T) { runProgram(t, "device") }

func TestSync(t *testing.T) { runProgram(t, "sync") }

// TestStream: a TX sync waits until all is forwarded, or, in the stream of a generator, until half of the ring is free.
func TestStream(t *testing.T) { runProgram(t, "stream") }

func TestPoll(t *testing.T) { runProgram(t, "poll") }

func TestEpoll(t *testing.T) { runProgram(t, "epoll") }

func TestDescriptors(t *testing.T) { runProgram(t, "fds") }

func TestMap(t *testing.T) { runProgram(t, "map") }

func TestProcesses(t *testing.T) { runProgram(t, "process") }

func TestThreads(t *testing.T) { runProgram(t, "threads") }

func TestCancel(t *testing.T) { runProgram(t, "cancel") }

func TestSandbox(t *testing.T) { runProgram(t, "sandbox") }

// Frames that a program passes on to the kernel's stack, and from it.
func TestForward(t *testing.T) {
	socket, server := standalonetest.LAN(t)
	stack, err := server.Stack("a")
	if err != nil {
		t.Fatal(err)
	}
	defer stack.Close()
	cmd := exec.Command(compile(t, "gcc", "forward"))
	cmd.Env = environ(socket)
	cmd.ExtraFiles = []*os.File{stack}
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestOrdinary(t *testing.T) { runProgram(t, "ordinary") }

// Programs that are built with sanitizers, which want to come first.
func TestSanitizers(t *testing.T) {
	for _, sanitizer := range []string{"address,undefined", "thread"} {
		t.Run(sanitizer, func(t *testing.T) { runCompiled(t, compile(t, "gcc", "sync", "-fsanitize="+sanitizer)) })
	}
}

// The same library serves programs that musl is the C library of.
func TestMusl(t *testing.T) {
	for _, name := range []string{"sync", "map", "process", "threads", "cancel"} {
		t.Run(name, func(t *testing.T) { runCompiled(t, compile(t, "musl-gcc", name)) })
	}
}

// Without a switch there is no device, but for the machine's own.
func TestNoSwitch(t *testing.T) {
	_, err := os.Stat("/dev/netmap")
	cmd := exec.Command("/bin/sh", "-c", "test -e /dev/netmap")
	cmd.Env = environ("/nowhere/netmap.sock")
	if there := cmd.Run() == nil; there != (err == nil) {
		t.Errorf("it is there: %v, want %v", there, err == nil)
	}
}

// A path too long for the address of a socket leads to the switch, too.
func TestLongPath(t *testing.T) {
	socket, _ := standalonetest.LAN(t)
	long := filepath.Join(filepath.Dir(socket), strings.Repeat("long/", 40))
	if err := os.MkdirAll(long, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(socket, filepath.Join(long, "netmap.sock")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/bin/sh", "-c", "test -c /dev/netmap && exec 9<>/dev/netmap && echo there")
	cmd.Env = environ(filepath.Join(long, "netmap.sock"))
	if out, err := cmd.CombinedOutput(); string(out) != "there\n" {
		t.Errorf("%v: %s", err, out)
	}
}

// A program that is killed while it sends is gone at once; its neighbour lives on.
func TestKilledSender(t *testing.T) {
	socket, server := standalonetest.LAN(t)
	var programs [2]*exec.Cmd
	for i, port := range []string{"a", "b"} {
		programs[i] = exec.Command(compile(t, "gcc", "flood"), port)
		programs[i].Env = environ(socket)
		if err := programs[i].Start(); err != nil {
			t.Fatal(err)
		}
	}
	standalonetest.WaitFor(t, "both", func() bool { return server.Opens() == 2 })
	if err := programs[0].Process.Kill(); err != nil {
		t.Error(err)
	}
	programs[0].Wait()
	standalonetest.WaitFor(t, "the end of one", func() bool { return server.Opens() == 1 })
	if err := programs[1].Process.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("the other one: %v", err)
	}
	if err := programs[1].Wait(); err != nil {
		t.Errorf("the other one: %v", err)
	}
}

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
