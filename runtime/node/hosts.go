package node

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// localhost is what every /etc/hosts begins with.
const localhost = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"

// hostsFile returns the node's /etc/hosts. A node that the lab's lines do not
// name, having no address, still knows its own name.
func hostsFile(hosts []byte, hostname string) []byte {
	text := localhost + string(hosts)
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	if !slices.Contains(strings.Fields(text), hostname) {
		text += "127.0.1.1\t" + hostname + "\n"
	}
	return []byte(text)
}

// WriteHosts gives a node other lines for /etc/hosts while it runs. It writes
// the file that the node has mounted there, which can't be replaced; the
// folder is the node's to write, so nothing in it is followed. A reader may
// see the file half written.
func WriteHosts(labDir, name, hostname string, hosts []byte) error {
	path := filepath.Join(publicDir(labDir, name), "hosts")
	fd, err := unix.Open(path, unix.O_WRONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return &Error{name, fmt.Errorf("%w: open %s: %w", ErrHosts, path, err)}
	}
	f := os.NewFile(uintptr(fd), path)
	defer f.Close()
	if st, err := f.Stat(); err != nil || !st.Mode().IsRegular() {
		return &Error{name, errors.Join(err, ErrHosts)}
	}
	text := hostsFile(hosts, hostname)
	if _, err := f.WriteAt(text, 0); err != nil {
		return &Error{name, err}
	}
	if err := f.Truncate(int64(len(text))); err != nil {
		return &Error{name, err}
	}
	return nil
}
