package agent

import "golang.org/x/sys/unix"

// acceptBatch bounds the connections that are accepted before others get
// their turn.
const acceptBatch = 16

// acceptPrograms accepts what waits on a node's socket.
func (a *agent) acceptPrograms(n *labNode) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for range acceptBatch {
		if a.nodes[n.name] != n {
			return
		}
		conn, _, err := unix.Accept4(n.listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		switch err {
		case nil:
			a.programConnected(n, conn)
		case unix.EINTR, unix.ECONNABORTED:
		case unix.EMFILE, unix.ENFILE:
			a.report(err, "accept connections", n.name)
			a.turnAway(n)
		default:
			return
		}
	}
}

// programConnected takes over a new connection. When a node has too many that
// have asked for nothing, the oldest makes room.
func (a *agent) programConnected(n *labNode, conn int) {
	if len(n.waiting) == maxWaiting {
		a.endProgram(n.waiting[0])
	}
	p := &program{node: n, conn: conn, open: n.space.NewConn(conn)}
	if err := a.addProgram(p); err != nil {
		a.report(err, "connection from node", n.name)
		closeFD(conn)
		return
	}
	n.waiting = append(n.waiting, p)
}

// turnAway accepts a connection and closes it, when there are no files left to
// serve it with: left waiting, it would wake the poller again and again.
func (a *agent) turnAway(n *labNode) {
	closeFD(a.reserve)
	if conn, _, err := unix.Accept4(n.listener, unix.SOCK_CLOEXEC); err == nil {
		closeFD(conn)
	}
	a.reserve = openReserve()
}

// openReserve opens a file to be given up when there are no more.
func openReserve() int {
	fd, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1
	}
	return fd
}
