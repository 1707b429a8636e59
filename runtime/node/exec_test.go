package node

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/runtime/ptytest"
)

func exitCode(err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	if err != nil {
		return -1
	}
	return 0
}

func TestRootExecStatus(t *testing.T) {
	dir := labDir(t)
	run(t, Config{LabDir: dir})
	for want, argv := range map[int][]string{
		0:   {"true"},
		7:   {"sh", "-c", "exit 7"},
		137: {"sh", "-c", "kill -9 $$"},
		127: {"no-such-command"},
		126: {"/etc/hosts"},
	} {
		if err := inNode(t, dir, argv...).Run(); exitCode(err) != want {
			t.Errorf("%q: %v, want status %d", argv, err, want)
		}
	}
	gone := inNode(t, dir+"x", "true")
	out, err := gone.CombinedOutput()
	if exitCode(err) != 125 || string(out) != "node n: not running\n" {
		t.Errorf("no such node: %v, %q", err, out)
	}
}

// TestRootExecInside: a command has the node's namespaces, user, environment
// and privileges, and no others.
func TestRootExecInside(t *testing.T) {
	dir := labDir(t)
	run(t, Config{
		LabDir: dir, User: "1234:1235", Dir: "/tmp", Env: []string{"A=b"}, CPUSet: "0", CapAdd: []string{"NET_ADMIN"},
		Argv: shell("exec sleep 1000"),
	})
	await(t, dir, "running", isState(Running))
	script := `
		for ns in net mnt pid uts ipc; do readlink /proc/self/ns/$ns; done
		id -u; id -g; pwd; echo $A $PATH $VALELAB_EXEC
		ls /proc/$$/fd
		cat /proc/self/status | grep -E '^(Cap|Sig(Blk|Ign)|Cpus_allowed_list)'`
	out, err := inNode(t, dir, "sh", "-c", script).Output()
	if err != nil {
		t.Fatal(err)
	}
	other := labDir(t)
	run(t, Config{
		LabDir: other, User: "1234:1235", Dir: "/tmp", Env: []string{"A=b"}, CPUSet: "0", CapAdd: []string{"NET_ADMIN"},
		Argv: shell(script),
	})
	await(t, other, "exited", isState(Exited))
	want := strings.Split(readLog(t, other), "\n")
	got := strings.Split(string(out), "\n")
	if diff := cmp.Diff(want[5:], got[5:]); diff != "" {
		t.Errorf("a command of the node's and one by exec differ: %s", diff)
	}
	for i, ns := range []string{"net", "mnt", "pid", "uts", "ipc"} {
		own, err := os.Readlink("/proc/self/ns/" + ns)
		if err != nil || got[i] == own || got[i] == want[i] {
			t.Errorf("namespace %s: ours %s, got %s, of another node %s: %v", ns, own, got[i], want[i], err)
		}
	}
}

func TestRootExecPipes(t *testing.T) {
	dir := labDir(t)
	run(t, Config{LabDir: dir})
	cmd := inNode(t, dir, "sh", "-c", "cat; echo err >&2")
	input := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	var out, faults bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &out, &faults
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(input, out.Bytes()) || faults.String() != "err\n" {
		t.Errorf("%d of %d bytes came back, standard error %q", out.Len(), len(input), faults.String())
	}
}

func TestRootExecSignals(t *testing.T) {
	dir := labDir(t)
	run(t, Config{LabDir: dir})
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1} {
		cmd := inNode(t, dir, "sh", "-c", "echo up; exec sleep 1000")
		waitForLine(t, cmd, "up")
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); exitCode(err) != 128+int(sig) {
			t.Errorf("%v: %v", sig, err)
		}
	}
}

// waitForLine starts a command and returns once it has written a line.
func waitForLine(t *testing.T, cmd *exec.Cmd, want string) {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, len(want)+1)
	if n, err := out.Read(line); err != nil || string(line[:n]) != want+"\n" {
		t.Fatalf("command says %q, %v", line[:n], err)
	}
}

// TestRootExecEndsWithCaller: killing the process that Exec replaced ends the
// command; killing the node ends both.
func TestRootExecEndsWithCaller(t *testing.T) {
	dir := labDir(t)
	p := run(t, Config{LabDir: dir})
	cmd := inNode(t, dir, "sh", "-c", "echo up; exec sleep 1003")
	waitForLine(t, cmd, "up")
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("killed, and no error")
	}
	deadline := time.Now().Add(5 * time.Second)
	for inNode(t, dir, "pgrep", "-f", "sleep 1003").Run() == nil {
		if time.Now().After(deadline) {
			t.Fatal("the command outlives its caller")
		}
	}
	cmd = inNode(t, dir, "sh", "-c", "echo up; exec sleep 1004")
	waitForLine(t, cmd, "up")
	if err := p.Kill(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); exitCode(err) != 137 {
		t.Errorf("after the node's end: %v", err)
	}
}

// TestRootExecTerminal: at a terminal, the command has one of its own with the
// size and the keys of the caller's, which is raw for so long.
func TestRootExecTerminal(t *testing.T) {
	dir := labDir(t)
	run(t, Config{LabDir: dir})
	master, slave := ptytest.Open(t)
	if err := unix.IoctlSetWinsize(int(master.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 33, Col: 77}); err != nil {
		t.Fatal(err)
	}
	cmd := inNode(t, dir, "sh", "-c", `
		tty; stty size; echo $TERM
		read line; echo "got $line"
		trap 'echo interrupted; done=1' INT; echo ready; while [ -z "$done" ]; do sleep 0.01; done
		trap 'stty size; exit 9' WINCH; echo resize; while :; do sleep 0.01; done`)
	cmd.Env = append(cmd.Env, "TERM=vt220")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	before, err := unix.IoctlGetTermios(int(slave.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var seen strings.Builder
	expect := func(text string) {
		t.Helper()
		if err := master.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		for buf := make([]byte, 4096); !strings.Contains(seen.String(), text); {
			n, err := master.Read(buf)
			if err != nil {
				t.Fatalf("no %q in %q: %v", text, seen.String(), err)
			}
			seen.Write(buf[:n])
		}
	}
	expect("/dev/pts/0\r\n33 77\r\nvt220\r\n")
	fmt.Fprint(master, "hello\r")
	expect("hello\r\ngot hello\r\nready\r\n")
	fmt.Fprint(master, "\x03")
	expect("interrupted\r\nresize\r\n")
	if err := unix.IoctlSetWinsize(int(master.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 44, Col: 99}); err != nil {
		t.Fatal(err)
	}
	expect("44 99\r\n")
	if err := cmd.Wait(); exitCode(err) != 9 {
		t.Errorf("ended with %v", err)
	}
	after, err := unix.IoctlGetTermios(int(slave.Fd()), unix.TCGETS)
	if diff := cmp.Diff(before, after); err != nil || diff != "" {
		t.Errorf("the caller's terminal is changed: %v %s", err, diff)
	}
}
