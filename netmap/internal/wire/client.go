package wire

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// answerTime bounds how long a program waits for the switch: a new agent takes over within a second.
const answerTime = 5 * time.Second

// maxSocketPath is the longest path that a sockaddr_un holds.
const maxSocketPath = 107

// Dial connects to a switch's socket and returns the descriptor, which is the caller's.
func Dial(path string) (int, error) {
	if len(path) > maxSocketPath {
		dir, err := unix.Open(filepath.Dir(path), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			return -1, &os.PathError{Op: "open", Path: filepath.Dir(path), Err: err}
		}
		defer unix.Close(dir)
		path = fmt.Sprintf("/proc/self/fd/%d/%s", dir, filepath.Base(path))
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("socket: %w", err)
	}
	tv := unix.NsecToTimeval(answerTime.Nanoseconds())
	err = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv)
	if err == nil {
		err = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &tv)
	}
	if err == nil {
		err = retry(func() error { return unix.Connect(fd, &unix.SockaddrUnix{Name: path}) })
	}
	if err != nil {
		unix.Close(fd)
		return -1, &os.PathError{Op: "connect", Path: path, Err: err}
	}
	return fd, nil
}

// Call sends a request over a connection from Dial and waits for its reply. The descriptors that came
// with it are the caller's; there are GrantFiles of them, one of the module's, or none. A refusal by the switch is not an
// error here: it is the reply's Errno. ECONNRESET: the switch has gone.
func Call(fd int, q Request) (r Reply, fds []int, err error) {
	err = retry(func() error { return unix.Sendmsg(fd, q.Encode(), nil, nil, unix.MSG_NOSIGNAL) })
	if err != nil {
		return Reply{}, nil, fmt.Errorf("send: %w", err)
	}
	b := make([]byte, maxReply+1)
	oob := make([]byte, unix.CmsgSpace(4*GrantFiles))
	var n, oobn, flags int
	err = retry(func() (err error) {
		n, oobn, flags, _, err = unix.Recvmsg(fd, b, oob, unix.MSG_CMSG_CLOEXEC)
		return err
	})
	if err != nil {
		return Reply{}, nil, fmt.Errorf("receive: %w", err)
	}
	if fds, err = rights(oob[:oobn]); err != nil {
		return Reply{}, nil, err
	}
	defer func() {
		if err != nil {
			closeAll(fds)
			fds = nil
		}
	}()
	if n == 0 {
		return Reply{}, fds, fmt.Errorf("receive: %w", unix.ECONNRESET)
	}
	if r, err = DecodeReply(b[:n], q.Op); err != nil {
		return Reply{}, fds, err
	}
	if q.Op == abi.NMU_OP_CTRL && r.Header.ReqType != q.Header.ReqType || r.ID != q.ID {
		return Reply{}, fds, fmt.Errorf("reply %d of type %d to request %d of type %d",
			r.ID, r.Header.ReqType, q.ID, q.Header.ReqType)
	}
	want := 0
	if r.Grant != nil {
		want = GrantFiles
		if r.Grant.Kind&abi.NMU_NATIVE != 0 {
			want = 1
		}
	}
	if r.Errno == 0 && q.Op == abi.NMU_OP_CTRL && (r.Grant != nil) != (q.Header.ReqType == abi.NETMAP_REQ_REGISTER) {
		return Reply{}, fds, fmt.Errorf("reply of type %d with a grant, or without", r.Header.ReqType)
	}
	if flags&unix.MSG_CTRUNC != 0 || len(fds) != want {
		return Reply{}, fds, fmt.Errorf("reply with %d descriptors, want %d", len(fds), want)
	}
	return r, fds, nil
}

// rights gives the descriptors in a control message.
func rights(oob []byte) ([]int, error) {
	msgs, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return nil, fmt.Errorf("reply: %w", err)
	}
	var fds []int
	for i := range msgs {
		got, err := unix.ParseUnixRights(&msgs[i])
		if err != nil {
			closeAll(fds)
			return nil, fmt.Errorf("reply: %w", err)
		}
		fds = append(fds, got...)
	}
	return fds, nil
}

func closeAll(fds []int) {
	for _, fd := range fds {
		unix.Close(fd)
	}
}

// retry repeats a system call that a signal interrupted.
func retry(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}
