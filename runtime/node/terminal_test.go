package node

import (
	"bytes"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/runtime/ptytest"
)

// TestRootExecBusyTerminal: whoever has the caller's terminal too may have made
// it one that does not block; all output arrives all the same.
func TestRootExecBusyTerminal(t *testing.T) {
	dir := labDir(t)
	run(t, Config{LabDir: dir})
	master, slave := ptytest.Open(t)
	cmd := inNode(t, dir, "seq", "20000")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	if err := unix.SetNonblock(int(slave.Fd()), true); err != nil {
		t.Fatal(err)
	}
	time.Sleep(200 * time.Millisecond) // the terminal fills meanwhile
	if err := master.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	var seen bytes.Buffer
	for buf := make([]byte, 4096); !strings.HasSuffix(seen.String(), "\r\n20000\r\n"); {
		n, err := master.Read(buf)
		if err != nil {
			t.Fatalf("after %d bytes: %v", seen.Len(), err)
		}
		seen.Write(buf[:n])
	}
	if lines := strings.Count(seen.String(), "\r\n"); lines != 20000 {
		t.Errorf("%d lines of 20000 arrived", lines)
	}
}
