package agent

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"

	"golang.org/x/sys/unix"
)

// connKey is the key of a request's connection in its context.
type connKey struct{}

// withConn keeps the connection for those who want to know who asks.
func withConn(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, conn)
}

// upgrade carries out POST /v1/upgrade: the next agent is of the program that
// asks. It is found by the connection, so that it is that very file, wherever
// its path may lead by now. The caller ends this agent afterwards.
func (a *agent) upgrade(r *http.Request) error {
	conn, ok := r.Context().Value(connKey{}).(*net.UnixConn)
	if !ok {
		return invalid("upgrade: not a Unix socket")
	}
	pid, err := peer(conn)
	if err != nil {
		return fmt.Errorf("upgrade: %w", err)
	}
	program, err := os.Open(fmt.Sprintf("/proc/%d/exe", pid))
	if err != nil {
		return fmt.Errorf("upgrade: program of process %d: %w", pid, err)
	}
	defer program.Close()
	if err := a.store.Program(program); err != nil {
		return fmt.Errorf("upgrade: %w", err)
	}
	a.log.Info("upgrade", "to the program of process", pid)
	return nil
}

// peer returns the number of the process at the other end of a connection.
func peer(conn *net.UnixConn) (pid int, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var cred *unix.Ucred
	if cerr := raw.Control(func(fd uintptr) {
		cred, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}); cerr != nil {
		return 0, cerr
	}
	if err != nil {
		return 0, err
	}
	if cred.Pid <= 0 {
		return 0, fmt.Errorf("the caller is in a PID namespace that is not visible from here")
	}
	return int(cred.Pid), nil
}
