package exec

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/valelab/valelab/netmap/bench/standalone/standalonetest"
	"github.com/valelab/valelab/netmap/preload"
)

// compile builds one of the preload library's test programs, static: the supervisor serves what the library does.
func compile(t *testing.T, program string) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), filepath.Base(program))
	out, err := exec.Command("gcc", "-static", "-g", "-O1", "-Wall", "-Wextra", "-Werror", "-pthread", "-DSUPERVISED",
		"-I../internal/abi", "-I../preload/testdata", "-o", bin, program+".c").CombinedOutput()
	if err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	return bin
}

// supervised is a command under the supervisor, which this test's program is, too.
func supervised(socket string, argv ...string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = append([]string{name, argv[0]}, argv...)
	cmd.Env = append(os.Environ(), "VALELAB_NETMAP="+socket)
	return cmd
}

// A program that loads libraries is served by the supervisor alone: the library would serve some of its calls, such as
// those of the C in a Go program. What does not load it may start others that do.
func TestLibraryIsLeftOut(t *testing.T) {
	socket, _ := standalonetest.LAN(t)
	for _, c := range []struct{ value, want string }{
		{preload.Path, "unset"},
		{"/a.so:" + preload.Path + ":/b.so", "/a.so:/b.so"},
		{preload.Path + ":/b.so", "/b.so"},
		{"/b.so", "/b.so"},
	} {
		cmd := supervised(socket, "/bin/sh", "-c", "echo ${LD_PRELOAD-unset}")
		cmd.Env = append(cmd.Env, "LD_PRELOAD="+c.value)
		if out, err := cmd.Output(); err != nil || strings.TrimSpace(string(out)) != c.want {
			t.Errorf("%s: %v, %q, want %q", c.value, err, out, c.want)
		}
	}
}

// Frames that a program passes on to the kernel's stack, and from it.
func TestForward(t *testing.T) {
	bin := compile(t, "../preload/testdata/forward")
	socket, server := standalonetest.LAN(t)
	stack, err := server.Stack("a")
	if err != nil {
		t.Fatal(err)
	}
	defer stack.Close()
	cmd := supervised(socket, bin)
	cmd.ExtraFiles = []*os.File{stack}
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestPrograms(t *testing.T) {
	for _, program := range []string{"device", "sync", "poll", "epoll", "fds", "map", "process", "threads"} {
		t.Run(program, func(t *testing.T) {
			bin := compile(t, "../preload/testdata/"+program)
			socket, _ := standalonetest.LAN(t)
			if out, err := supervised(socket, bin).CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// A Go program makes all of its system calls itself, and its runtime some that are none of its own.
func TestGoProgram(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "raw")
	build := exec.Command("go", "build", "-o", bin, "./testdata/raw")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	socket, _ := standalonetest.LAN(t)
	if out, err := supervised(socket, bin).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

// The supervisor ends as the program does.
func TestStatus(t *testing.T) {
	for script, want := range map[string]int{"exit 0": 0, "exit 7": 7, "kill -TERM $$": 128 + 15, "kill -9 $$": 128 + 9} {
		err := supervised("/nowhere", "/bin/sh", "-c", script).Run()
		got := 0
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			got = exit.ExitCode()
		} else if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s: status %d, want %d", script, got, want)
		}
	}
	if err := supervised("/nowhere", "/nowhere").Run(); err == nil || err.(*exec.ExitError).ExitCode() != 127 {
		t.Errorf("no such program: %v", err)
	}
}

// What has nothing to do with netmap works as ever, and a signal for the supervisor is one for the program.
func TestOrdinary(t *testing.T) {
	cmd := supervised("/nowhere", "/bin/sh", "-c", "trap 'cat /dev/netmap 2>&1; exit 3' USR1; echo ready; while :; do sleep 0.01; done")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd.Stdout = w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	text := make([]byte, 6)
	if _, err := r.Read(text); err != nil || string(text) != "ready\n" {
		t.Fatalf("%q, %v", text, err)
	}
	if err := cmd.Process.Signal(syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(r)
	if err := errors.Join(err, cmd.Wait()); !strings.Contains(string(rest), "No such file") || cmd.ProcessState.ExitCode() != 3 {
		t.Errorf("%q, %v", rest, err)
	}
}

// The supervisor of a program that stops stops with it, and the program goes on with its supervisor.
func TestStopped(t *testing.T) {
	cmd := supervised("/nowhere", "/bin/sh", "-c", "kill -STOP $$; exit 5")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	standalonetest.WaitFor(t, "a stopped supervisor", func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", cmd.Process.Pid))
		return err == nil && strings.Contains(string(stat), ") T ")
	})
	if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 5 {
		t.Error(err)
	}
}

// leaves is a shell under the supervisor that leaves a process behind, which lives until the test ends.
func leaves(t *testing.T, script string) *exec.Cmd {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.Close()
		r.Close()
	})
	cmd := supervised("/nowhere", "/bin/sh", "-c", "cat <&3 >/dev/null & "+script)
	cmd.ExtraFiles = []*os.File{r}
	return cmd
}

// ends waits for a command's end, for which it must not need its orphans'.
func ends(t *testing.T, cmd *exec.Cmd, status int) {
	t.Helper()
	kill := time.AfterFunc(20*time.Second, func() { cmd.Process.Kill() })
	defer kill.Stop()
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != status {
		t.Errorf("%v, want status %d", err, status)
	}
}

// A program that is asked to end takes its supervisor with it, whatever it leaves behind.
func TestAskedToEnd(t *testing.T) {
	ready := filepath.Join(t.TempDir(), "ready")
	cmd := leaves(t, "trap 'exit 3' TERM; echo >"+ready+"; wait")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	standalonetest.WaitFor(t, "the program", func() bool {
		_, err := os.Stat(ready)
		return err == nil
	})
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	ends(t, cmd, 3)
}

// The first process of a container ends with its program: nobody is left to be served.
func TestRootFirstProcess(t *testing.T) {
	cmd := leaves(t, "exit 5")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ends(t, cmd, 5)
}

// A program whose supervisor is killed is killed, too, and its port is gone.
func TestKilled(t *testing.T) {
	bin := compile(t, "testdata/hold")
	socket, server := standalonetest.LAN(t)
	cmd := supervised(socket, bin)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	standalonetest.WaitFor(t, "the port", func() bool { return server.Opens() == 1 })
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	standalonetest.WaitFor(t, "the end of the port", func() bool { return server.Opens() == 0 })
}
