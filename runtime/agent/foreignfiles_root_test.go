package agent

import (
	"errors"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Closing a packet socket takes the kernel a while. A program must not be able
// to have the agent do that for it, hundreds at a time.
func TestRootProgramsSendNoFiles(t *testing.T) {
	l := startLab(t)
	if _, err := unix.GetsockoptInt(l.anySocket(), unix.SOL_SOCKET, unix.SO_PASSRIGHTS); errors.Is(err, unix.ENOPROTOOPT) {
		t.Skip("this kernel (before Linux 6.16) delivers files to whoever receives a message")
	}
	n := l.addNode("n1")
	conn := n.connect()
	var sockets []int
	n.do(t, func() error {
		for range 200 {
			fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.ETH_P_ALL<<8)
			if err != nil {
				return err
			}
			sockets = append(sockets, fd)
		}
		return nil
	})
	// The agent is to find a message whose files nobody else has any more.
	agent := l.version().PID
	if err := unix.Kill(agent, unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	_, _, err := conn.WriteMsgUnix([]byte{1}, unix.UnixRights(sockets...), nil)
	if err == nil {
		for _, fd := range sockets {
			unix.Close(fd)
		}
	}
	if err := unix.Kill(agent, unix.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if errors.Is(err, unix.EPERM) {
		t.Cleanup(func() { closeTogether(sockets) })
		return
	}
	time.Sleep(20 * time.Millisecond)
	begin := time.Now()
	l.inventory()
	t.Errorf("sent: %v; the agent answered after %v", err, time.Since(begin))
}

// anySocket is a Unix socket.
func (l *testLab) anySocket() int {
	l.Helper()
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		l.Fatal(err)
	}
	l.Cleanup(func() { unix.Close(fd) })
	return fd
}

// closeTogether closes packet sockets side by side.
func closeTogether(sockets []int) {
	done := make(chan error)
	for _, fd := range sockets {
		go func() { done <- unix.Close(fd) }()
	}
	for range sockets {
		<-done
	}
}
