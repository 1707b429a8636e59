package serve

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/region"
	"github.com/valelab/valelab/netmap/internal/wire"
	"github.com/valelab/valelab/netmap/vale"
)

// host is a node with the endpoints of the test, and the keeper of what its space gives away.
type host struct {
	t         testing.TB
	endpoints map[string]*Endpoint
	absent    *Endpoint // eth2, while the node does not have it
	switches  map[string]*vale.Switch
	kept      map[string]kept // by kind/name
}

type kept struct {
	record []byte
	fds    []int
}

func (h *host) Endpoint(name string) *Endpoint  { return h.endpoints[name] }
func (h *host) Endpoints() []string             { return slices.Sorted(maps.Keys(h.endpoints)) }
func (h *host) Switch(name string) *vale.Switch { return h.switches[name] }
func (h *host) ModuleSwitch(string) string      { return "" }
func (h *host) ModulePorts() []string           { return nil }

func (h *host) Admit() error { return nil }
func (h *host) Forget(kind, name string) error {
	for _, fd := range h.kept[kind+"/"+name].fds {
		unix.Close(fd)
	}
	delete(h.kept, kind+"/"+name)
	return nil
}

func (h *host) Keep(kind, name string, record any, fds ...int) error {
	b, err := json.Marshal(record)
	if err != nil {
		return err
	}
	k := kept{record: b}
	for _, fd := range fds {
		dup, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			return err
		}
		k.fds = append(k.fds, dup)
	}
	h.Forget(kind, name)
	h.kept[kind+"/"+name] = k
	return nil
}

// newEngine makes an engine that ends with the test.
func newEngine(t testing.TB) *vale.Engine {
	t.Helper()
	e := vale.New(vale.Config{Workers: 1})
	t.Cleanup(func() { e.Close() })
	return e
}

// newNode makes the space of a node with the endpoint eth1, of 4 rings with 64 slots, on a switch of the lab.
func newNode(t testing.TB, e *vale.Engine, name string) (*Space, *host) {
	t.Helper()
	lan, err := e.NewSwitch("lan-"+name, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, sock := pair(t) // stands in for a packet socket
	port, err := lan.AttachSocket(name+":eth1", -1, sock, 1500)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { lan.Close() }) // before the socket goes
	h := &host{
		t: t, endpoints: map[string]*Endpoint{"eth1": {Port: port, Geometry: Geometry{Rings: 4, Slots: 64}}}, kept: make(map[string]kept),
		switches: map[string]*vale.Switch{"valelan": lan},
	}
	t.Cleanup(func() {
		for key, k := range h.kept {
			for _, fd := range k.fds {
				unix.Close(fd)
			}
			delete(h.kept, key)
		}
	})
	return NewSpace(e, name, h), h
}

// addEndpoint gives the node of a test one more endpoint, on the switch of eth1.
func (h *host) addEndpoint(name string, geometry Geometry) {
	h.t.Helper()
	_, sock := pair(h.t)
	port, err := h.endpoints["eth1"].Port.Switch().AttachSocket(name, -1, sock, 1500)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { port.Detach() })
	h.endpoints[name] = &Endpoint{Port: port, Geometry: geometry}
}

// pair is a connection: the program's end and the switch's, neither of which blocks.
func pair(t testing.TB) (program, conn int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		unix.Close(fds[0])
		unix.Close(fds[1])
	})
	return fds[0], fds[1]
}

// program is a program's side of a connection.
type program struct {
	t    testing.TB
	fd   int
	conn *Conn
	view *region.View
	fds  []int // region, kick, wake
}

// program opens the device.
func (s *Space) program(t testing.TB) *program {
	t.Helper()
	fd, conn := pair(t)
	p := &program{t: t, fd: fd, conn: s.NewConn(conn)}
	t.Cleanup(p.forget)
	return p
}

// forget gives up what was granted.
func (p *program) forget() {
	if p.view != nil {
		p.view.Close()
		p.view = nil
	}
	for _, fd := range p.fds {
		unix.Close(fd)
	}
	p.fds = nil
}

// request makes a request; body, if it is not nil, is written over that of the type.
func request(t testing.TB, reqType uint16, name string, body any) wire.Request {
	t.Helper()
	q, err := wire.NewRequest(reqType, name)
	if err != nil {
		t.Fatal(err)
	}
	if body != nil {
		q.Body = body
	}
	return q
}

// ask makes a request and has it answered.
func (p *program) ask(q wire.Request) wire.Reply {
	p.t.Helper()
	if _, err := unix.Write(p.fd, q.Encode()); err != nil {
		p.t.Fatal(err)
	}
	if err := p.conn.Serve(); err != nil {
		p.t.Fatal(err)
	}
	return p.reply(q.Op)
}

// reply reads a reply that has come, and takes over what was granted.
func (p *program) reply(op uint32) wire.Reply {
	p.t.Helper()
	buf, oob := make([]byte, 8192), make([]byte, unix.CmsgSpace(4*wire.GrantFiles))
	n, oobn, _, _, err := unix.Recvmsg(p.fd, buf, oob, unix.MSG_CMSG_CLOEXEC)
	if err != nil || n == 0 {
		p.t.Fatalf("%d bytes, %v", n, err)
	}
	r, err := wire.DecodeReply(buf[:n], op)
	if err != nil {
		p.t.Fatal(err)
	}
	if r.Grant == nil {
		if oobn != 0 {
			p.t.Fatal("files with a reply without a grant")
		}
		return r
	}
	messages, err := unix.ParseSocketControlMessage(oob[:oobn])
	if err != nil || len(messages) != 1 {
		p.t.Fatalf("%d messages, %v", len(messages), err)
	}
	p.forget()
	if p.fds, err = unix.ParseUnixRights(&messages[0]); err != nil || len(p.fds) != wire.GrantFiles {
		p.t.Fatalf("files %v, %v", p.fds, err)
	}
	return r
}

// register opens rings.
func (p *program) register(name string, want abi.ReqRegister) (abi.ReqRegister, unix.Errno) {
	p.t.Helper()
	if want.Mode == 0 {
		want.Mode = abi.NR_REG_ALL_NIC
	}
	r := p.ask(request(p.t, abi.NETMAP_REQ_REGISTER, name, &want))
	if r.Errno != 0 {
		return abi.ReqRegister{}, r.Errno
	}
	if r.Grant == nil {
		p.t.Fatal("no grant")
	}
	p.mapRegion(r.Grant)
	return *r.Body.(*abi.ReqRegister), 0
}

// mapRegion maps what was granted, if it has rings.
func (p *program) mapRegion(g *abi.Grant) {
	p.t.Helper()
	if g.TxRings+g.RxRings == 0 {
		return
	}
	var err error
	if p.view, err = region.Map(newFile(p.t, p.fds[0]), *g); err != nil {
		p.t.Fatal(err)
	}
}

// must is register that has to work.
func (p *program) must(name string, want abi.ReqRegister) abi.ReqRegister {
	p.t.Helper()
	r, errno := p.register(name, want)
	if errno != 0 {
		p.t.Fatalf("register %s: %v", name, errno)
	}
	return r
}

// sameRegion says whether two programs were given one region.
func sameRegion(t testing.TB, a, b *program) bool {
	t.Helper()
	var one, two unix.Stat_t
	if err := unix.Fstat(a.fds[0], &one); err != nil {
		t.Fatal(err)
	}
	if err := unix.Fstat(b.fds[0], &two); err != nil {
		t.Fatal(err)
	}
	return one.Ino == two.Ino
}

// ring finds the first ring that is open in a direction.
func (p *program) ring(tx bool) *region.Ring {
	p.t.Helper()
	for _, r := range p.view.Rings {
		if r.Tx == tx {
			return r
		}
	}
	p.t.Fatalf("no ring, tx %v", tx)
	return nil
}

// frame is an Ethernet frame to all.
func frame(n byte) []byte {
	return append([]byte{255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 1, 0x88, 0xb5, n}, make([]byte, 45)...)
}

// send puts frames into the TX ring and syncs; it returns how many there was room for.
func (p *program) send(frames ...[]byte) (sent int) {
	p.t.Helper()
	r := p.ring(true)
	n, head := uint32(len(r.Array)), r.Ctl.Head.Load()
	for _, f := range frames {
		if head == r.Ctl.Tail.Load() {
			break
		}
		s := &r.Array[head]
		s.Len, s.Flags = uint16(copy(r.Buf(s.BufIdx), f)), 0
		head = (head + 1) % n
		sent++
	}
	p.sync(r, head)
	return sent
}

// sync moves head and, on a TX ring, waits until the switch has seen it.
func (p *program) sync(r *region.Ring, head uint32) {
	p.t.Helper()
	r.Ctl.Head.Store(head)
	if r.Ctl.Doorbell.Load() != 0 {
		if _, err := unix.Write(p.fds[1], []byte{1, 0, 0, 0, 0, 0, 0, 0}); err != nil {
			p.t.Fatal(err)
		}
	}
	if r.Tx {
		eventually(p.t, "the switch takes what was sent", func() bool { return r.Ctl.Cur.Load() == head })
	}
}

// receive takes n frames, and gives their slots back; it returns their fifteenth bytes.
func (p *program) receive(n int) (got []byte) {
	p.t.Helper()
	r := p.ring(false)
	slots, head := uint32(len(r.Array)), r.Ctl.Head.Load()
	eventually(p.t, "frames", func() bool { return (r.Ctl.Tail.Load()+slots-head)%slots >= uint32(n) })
	for range n {
		s := &r.Array[head]
		if b := r.Bytes(s); len(b) > 14 {
			got = append(got, b[14])
		} else {
			got = append(got, 0)
		}
		head = (head + 1) % slots
	}
	p.sync(r, head)
	return got
}

// waiting is the number of frames that are there.
func (p *program) waiting() int {
	r := p.ring(false)
	n := uint32(len(r.Array))
	return int((r.Ctl.Tail.Load() + n - r.Ctl.Head.Load()) % n)
}

// eventually waits for a condition.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
		time.Sleep(50 * time.Microsecond)
	}
}

// end closes a program's connection and has the switch notice.
func (p *program) end() {
	p.t.Helper()
	unix.Shutdown(p.fd, unix.SHUT_RDWR)
	if err := p.conn.Close(); err != nil {
		p.t.Fatal(err)
	}
	p.forget()
}
