package serve

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/wire"
	"github.com/valelab/valelab/netmap/vale"
)

// script reads bytes as what programs of a node do. What is missing at its end is 0.
type script struct{ data []byte }

func (s *script) byte() byte {
	if b := s.take(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

func (s *script) take(n int) []byte {
	n = min(n, len(s.data))
	b := s.data[:n]
	s.data = s.data[n:]
	return b
}

// fuzzNames are names that requests of a script choose from; 255 is one of its own.
var fuzzNames = []string{
	"eth1", "vale1:x", "vale1:y", "vale2:x", "valelan:a", "valelan:eth1", "pv", "vale1:pv", "pw", "eth1{1", "eth1}1", "vale1:x{2", "vale1:x}2",
	"pv{3", "new{4", "new}4", "vale1:x{2{5", "{", "}", "x{", "", "lo", "vale", "vale1:", "vale1:lo", "valelan:" + "0123456789abcdef", "a/b", "nope",
	"vale1:eth1", "vale2:eth1", "vale2:pv", "valelan:pv", "vale1:eth1^", "eth2",
}

// request makes a request of what comes next: type, name, options, body.
func (s *script) request(t *testing.T) []byte {
	name := ""
	if n := int(s.byte()); n < 255 {
		name = fuzzNames[n%len(fuzzNames)]
	} else {
		name = string(s.take(int(s.byte() % 64)))
	}
	q, err := wire.NewRequest(uint16(s.byte()%18), name)
	if err != nil {
		t.Fatal(err)
	}
	how := s.byte()
	for range how & 3 {
		o := wire.Option{Option: abi.Option{ReqType: uint32(s.byte() % 8), Size: uint64(s.byte()) * 20}}
		o.Rest = make([]byte, map[uint32]int{1: 72, 3: 16, 4: 8, 5: 32}[o.ReqType])
		copy(o.Rest, s.take(int(s.byte()%80)))
		q.Options = append(q.Options, o)
	}
	q.Cut = how&0x80 != 0
	if q.Body != nil {
		body := make([]byte, binary.Size(q.Body))
		copy(body, s.take(int(s.byte())))
		if err := binary.Read(bytes.NewReader(body), binary.LittleEndian, q.Body); err != nil {
			t.Fatal(err)
		}
		if r, ok := q.Body.(*abi.ReqRegister); ok && how&4 != 0 {
			r.Mode, r.MemID = abi.NR_REG_ALL_NIC, r.MemID%8 // so that more of them go on
		}
	}
	return q.Encode()
}

// openFiles counts the descriptors of this process.
func openFiles(t *testing.T) int {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}

// step does what comes next on a connection. It returns false when that is of no use any more.
func (s *script) step(t *testing.T, p *program, how byte) bool {
	message := []byte(nil)
	switch how {
	case 0:
		return false
	case 1, 2:
		message = s.take(int(s.byte()) * 2)
	case 7: // an endpoint comes, or goes
		h := p.conn.space.host.(*host)
		h.endpoints["eth2"], h.absent = h.absent, h.endpoints["eth2"]
		if h.absent != nil {
			delete(h.endpoints, "eth2")
		}
	default:
		message = s.request(t)
	}
	if len(message) == 0 {
		return true
	}
	var rights []byte
	if how == 2 { // files that nobody asked for
		rights = unix.UnixRights(p.fd, p.fd, p.fd)
	}
	if err := unix.Sendmsg(p.fd, message, rights, nil, unix.MSG_NOSIGNAL); err != nil {
		return false
	}
	if err := p.conn.Serve(); err != nil {
		if errors.Is(err, ErrNothing) {
			t.Error("a request was not looked at")
		}
		return false
	}
	if err := p.conn.Serve(); !errors.Is(err, ErrNothing) {
		t.Errorf("after an answer: %v", err)
	}
	p.forget()
	buf, oob := make([]byte, 1<<16), make([]byte, unix.CmsgSpace(4*16))
	n, oobn, _, _, err := unix.Recvmsg(p.fd, buf, oob, unix.MSG_CMSG_CLOEXEC|unix.MSG_DONTWAIT)
	if err != nil || n < 24 {
		t.Fatalf("answer of %d bytes: %v", n, err)
	}
	if messages, _ := unix.ParseSocketControlMessage(oob[:oobn]); len(messages) > 0 {
		p.fds, _ = unix.ParseUnixRights(&messages[0])
	}
	return true
}

// check finds memories that are not held by exactly the adapters in them, and adapters that nobody holds.
func (s *Space) check(t *testing.T) {
	t.Helper()
	all := make(map[*adapter]bool)
	for _, a := range s.adapters {
		all[a] = true
	}
	bridges := maps.Clone(s.hidden)
	for _, b := range s.bridges {
		if b != nil {
			bridges[b] = struct{}{}
		}
	}
	for b := range bridges {
		for _, a := range b.ports {
			all[a] = true
		}
	}
	users := make(map[*memory]int)
	for a := range all {
		users[a.memory]++
		if s.memories[a.memory.id] != a.memory {
			t.Errorf("%s: its memory has gone", a.name)
		}
		if a.users < 0 || a.users == 0 && !a.persistent && (a.pipe == nil || a.pipe.ends[0].users+a.pipe.ends[1].users == 0) {
			t.Errorf("%s has %d users", a.name, a.users)
		}
	}
	for id, m := range s.memories {
		if m.users != users[m] || m.users == 0 {
			t.Errorf("memory %d has %d users and %d adapters", id, m.users, users[m])
		}
	}
}

// FuzzSpace: whatever the programs of a node ask for, on four connections, each request is answered; and when they are
// gone nothing is left of what they made: no memory, port, switch, file or record.
func FuzzSpace(f *testing.F) {
	e := vale.New(vale.Config{Workers: 1, Spin: time.Millisecond}) // it need not measure that, with files of its own
	f.Cleanup(func() { e.Close() })
	if r, w, err := os.Pipe(); err == nil { // the runtime opens files of its own with the first
		r.Close()
		w.Close()
	}
	const open = 3 << 2 // a request, on connection 0
	f.Add([]byte{open, 1, 1, 4, 0, open | 1, 2, 1, 4, 0, open | 2, 9, 1, 4, 0, open | 3, 10, 1, 4, 0, 0, 1, 2})
	f.Add([]byte{open, 6, 8, 0, 0, open, 7, 3, 0, 0, open | 1, 6, 1, 4, 0, open | 2, 7, 4, 0, 0, 1, open | 2, 7, 4, 0, 0, open, 6, 9, 0})
	f.Add([]byte{open, 4, 1, 4, 0, open | 1, 11, 1, 4, 0, open | 2, 12, 1, 4, 0, open | 3, 16, 1, 4, 0, open, 0, 5, 0, 0})
	f.Add([]byte{open, 0, 1, 7, 1, 10, 0, 3, 5, 0, 3, 5, 1, 5, 255, 4, 'a', 'b', 'c', 'd', 1, 0x80, 0, 2<<2 | 1, 20, 1, 0, 0, 0, 2, 0, 0, 0})
	f.Add(append([]byte{open | 1, 0, 1, 4, 56}, bytes.Repeat([]byte{255}, 56)...))
	f.Add([]byte{open, 0, 1, 4, 0, open | 1, 33, 1, 5, 3, 2, 0, 0, 7<<2 | 1, open | 2, 33, 1, 4, 0}) // an option fails
	spaces := 0
	f.Fuzz(func(t *testing.T, data []byte) {
		spaces++
		s, h := newNode(t, e, fmt.Sprintf("n%d", spaces))
		h.addEndpoint("eth2", Geometry{Rings: 1, Slots: 128})
		before := openFiles(t)
		in := script{data}
		var programs [4]*program
		end := func(i int) {
			p := programs[i]
			if p == nil {
				return
			}
			programs[i] = nil
			p.end()
			unix.Close(p.fd)
			unix.Close(p.conn.fd)
		}
		for step := 0; len(in.data) > 0 && step < 300; step++ {
			b := in.byte()
			i := int(b & 3)
			if programs[i] == nil {
				fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
				if err != nil {
					t.Fatal(err)
				}
				programs[i] = &program{t: t, fd: fds[0], conn: s.NewConn(fds[1])}
			}
			if !in.step(t, programs[i], b>>2&7) {
				end(i)
			}
			s.check(t)
		}
		for i := range programs {
			end(i)
		}
		s.Close()
		for _, b := range s.bridges {
			if b != nil {
				t.Errorf("left: switch %s", b.name)
			}
		}
		for name := range s.adapters {
			t.Errorf("left: %s", name)
		}
		if len(s.memories)+len(s.hidden)+len(h.kept) > 0 {
			t.Errorf("left: %d memories, %d hidden switches, %d kept", len(s.memories), len(s.hidden), len(h.kept))
		}
		if after := openFiles(t); after > before { // fewer: what an earlier test has left has gone
			t.Errorf("%d files, %d before", after, before)
		}
	})
}
