package wire

import (
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// ReadRequest waits for the next request of a program. The error is io.EOF when the program has closed
// the port; one that wraps an errno can be answered, the rest end the connection. Descriptors that a
// program sends are dropped.
func ReadRequest(c *net.UnixConn) (Request, error) {
	b := make([]byte, MaxRequest+1)
	n, err := c.Read(b)
	if err != nil {
		return Request{}, err
	}
	return DecodeRequest(b[:n])
}

// WriteReply answers a program. The files (GrantFiles of them with a grant) stay the
// caller's.
func WriteReply(c *net.UnixConn, r Reply, files ...*os.File) error {
	fds := make([]int, 0, len(files))
	for _, f := range files {
		raw, err := f.SyscallConn()
		if err != nil {
			return fmt.Errorf("reply: %w", err)
		}
		// Not f.Fd(), which would make a non-blocking eventfd block.
		if err := raw.Control(func(fd uintptr) { fds = append(fds, int(fd)) }); err != nil {
			return fmt.Errorf("reply: %w", err)
		}
	}
	var oob []byte
	if len(fds) > 0 {
		oob = unix.UnixRights(fds...)
	}
	if _, _, err := c.WriteMsgUnix(r.Encode(), oob, nil); err != nil {
		return fmt.Errorf("reply: %w", err)
	}
	return nil
}
