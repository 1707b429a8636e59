package agent

import (
	"bufio"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/bpf"

	"github.com/valelab/valelab/netmap/vale"
	"github.com/valelab/valelab/runtime/pcapfilter"
	"github.com/valelab/valelab/runtime/pcapng"
	"github.com/valelab/valelab/topology"
)

// The bounds of captures.
const (
	maxCaptures     = 16
	maxCapturePorts = 256
	maxSnaplen      = 1 << 18
	captureQueue    = 16 << 20 // bytes of frames that wait for the reader, for each worker
	captureLook     = 5 * time.Millisecond
)

// CaptureSpec is what to capture.
type CaptureSpec struct {
	Ports   []string             `json:"ports"` // NODE:INTERFACE, host:INTERFACE; with ^: between program and kernel
	Snaplen int                  `json:"snaplen"`
	Count   uint64               `json:"count,omitempty"`  // end after so many packets; 0: no limit
	Filter  string               `json:"filter,omitempty"` // its text
	Program []bpf.RawInstruction `json:"-"`                // the text compiled
}

// CaptureState is a running capture.
type CaptureState struct {
	ID int `json:"id"`
	CaptureSpec
	Started time.Time `json:"started"`
	Packets uint64    `json:"packets"` // written
	Bytes   uint64    `json:"bytes"`   // of the packets, as they were captured
	Lost    uint64    `json:"lost"`    // packets for which there was no room, since the reader was slow
}

// captures are those that run. The zero value is ready; it is safe for concurrent use.
type captures struct {
	mu   sync.Mutex
	last int
	all  map[int]*capture
}

// capture is one that runs. Its goroutine is that of the request.
type capture struct {
	id      int
	spec    CaptureSpec
	started time.Time
	filter  *directions // nil: everything
	from    frames
	stop    chan struct{}
	end     func() // closes stop

	packets, bytes atomic.Uint64
	stats          []pcapng.Statistics // by port, without Lost
}

// directions run a filter over frames that the endpoint has sent, or gets.
type directions struct{ sent, got *bpf.VM }

// add makes a capture that is to run, and closes from when it can't.
func (c *captures) add(spec CaptureSpec, filter *directions, from frames) (*capture, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.all) == maxCaptures {
		return nil, errors.Join(conflict("%d captures run already", maxCaptures), from.Close())
	}
	c.last++
	one := &capture{
		id: c.last, spec: spec, started: time.Now(), filter: filter, from: from,
		stop: make(chan struct{}), stats: make([]pcapng.Statistics, len(spec.Ports)),
	}
	one.end = sync.OnceFunc(func() { close(one.stop) })
	if c.all == nil {
		c.all = make(map[int]*capture)
	}
	c.all[one.id] = one
	return one, nil
}

func (c *captures) remove(one *capture) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.all, one.id)
	return one.from.Close()
}

// list answers GET /v1/captures.
func (c *captures) list() []CaptureState {
	c.mu.Lock()
	defer c.mu.Unlock()
	states := make([]CaptureState, 0, len(c.all))
	for _, one := range c.all {
		states = append(states, CaptureState{
			ID: one.id, CaptureSpec: one.spec, Started: one.started,
			Packets: one.packets.Load(), Bytes: one.bytes.Load(), Lost: one.lost(),
		})
	}
	slices.SortFunc(states, func(a, b CaptureState) int { return a.ID - b.ID })
	return states
}

func (one *capture) lost() (n uint64) {
	for i := range one.spec.Ports {
		n += one.from.Lost(i)
	}
	return n
}

// stopCapture carries out DELETE /v1/captures/{id}: the stream gets its last packets and its statistics.
func (a *agent) stopCapture(r *http.Request) error {
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil {
		return invalid("capture %q: not a number", r.PathValue("id"))
	}
	a.captures.mu.Lock()
	defer a.captures.mu.Unlock()
	if one := a.captures.all[id]; one != nil {
		one.end()
	}
	return nil
}

// streamCapture answers GET /v1/capture.
func (a *agent) streamCapture(w http.ResponseWriter, r *http.Request) {
	one, err := a.startCapture(r)
	if err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/x-pcapng")
	w.Header().Set("Capture-Id", strconv.Itoa(one.id))
	live, err := newLiveWriter(w)
	if err == nil {
		live.patience = 0 // whoever pauses a capture may go on with it
		err = one.run(live, r, a.stopping)
	}
	a.report(errors.Join(dropWrite(err), a.captures.remove(one)), "capture", strconv.Itoa(one.id))
}

// errWrite says that the reader of a capture has gone, which is no fault.
var errWrite = errors.New("the reader has gone")

func dropWrite(err error) error {
	if errors.Is(err, errWrite) {
		return nil
	}
	return err
}

func (a *agent) startCapture(r *http.Request) (*capture, error) {
	spec, err := captureSpec(r)
	if err != nil {
		return nil, err
	}
	filter, snaplen, err := spec.machine()
	if err != nil {
		return nil, err
	}
	from, err := a.captureFrom(spec.Ports, snaplen)
	if err != nil {
		return nil, err
	}
	return a.captures.add(spec, filter, from)
}

// machine is what runs the filter, and how much it must see of a frame.
func (s *CaptureSpec) machine() (*directions, int, error) {
	if len(s.Program) == 0 {
		return nil, s.Snaplen, nil
	}
	sent, err := pcapfilter.Machine(s.Program, true)
	if err != nil {
		return nil, 0, invalid("filter: %v", err)
	}
	got, err := pcapfilter.Machine(s.Program, false)
	if err != nil {
		return nil, 0, invalid("filter: %v", err)
	}
	return &directions{sent, got}, maxSnaplen, nil
}

// keeps says whether a frame is wanted.
func (d *directions) keeps(f *vale.Captured) bool {
	vm := d.got
	if f.Sent {
		vm = d.sent
	}
	n, err := vm.Run(f.Data)
	return err == nil && n > 0
}

// captureFrom begins to capture at the ports that are named.
func (a *agent) captureFrom(names []string, snaplen int) (frames, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var user, module source
	var points []vale.CapturePoint
	var taps []*moduleTap
	for i, name := range names {
		port, host := strings.CutSuffix(name, "^")
		e := a.findShown(port)
		u := a.uplinks[strings.TrimPrefix(port, "host:")]
		switch {
		case e != nil && e.module != nil:
			taps = append(taps, &moduleTap{port: e.module, host: host})
			module.points = append(module.points, i)
			continue
		case e != nil:
			points = append(points, vale.CapturePoint{Switch: e.Spec.Switch, Port: e.name(), Host: host})
		case u != nil && u.module != nil && strings.HasPrefix(port, "host:") && !host:
			taps = append(taps, &moduleTap{uplink: u.module})
			module.points = append(module.points, i)
			continue
		case u != nil && strings.HasPrefix(port, "host:") && !host:
			points = append(points, vale.CapturePoint{Switch: u.Spec.Switch, Port: u.port.Name()})
		default:
			return nil, a.noEndpoint(name)
		}
		user.points = append(user.points, i)
	}
	var from joint
	if len(points) > 0 {
		c, err := a.engine.Capture(points, snaplen, captureQueue)
		if err != nil {
			return nil, err
		}
		user.frames = c
		from = append(from, user)
	}
	if len(taps) > 0 {
		c, err := a.captureModule(taps, snaplen)
		if err != nil {
			return nil, errors.Join(err, from.Close())
		}
		module.frames = c
		from = append(from, module)
	}
	return from, nil
}

// noEndpoint refuses a name that no port of the lab is shown by.
func (a *agent) noEndpoint(name string) error {
	var known []string
	for _, e := range a.endpoints {
		known = append(known, portName(a.shown(e)))
	}
	for u := range a.uplinks {
		known = append(known, "host:"+u)
	}
	slices.Sort(known) // of two that are as near, it is always the same
	return refuse(http.StatusNotFound, topology.DidYouMean(name, known, "valelab inspect"), "there is no endpoint %q", name)
}

// run writes packets until the capture is to end, and then what it knows of them.
func (one *capture) run(live *liveWriter, r *http.Request, stopping <-chan struct{}) error {
	buffered := bufio.NewWriterSize(live, 256<<10)
	out := pcapng.NewWriter(buffered, "valelab")
	for _, name := range one.spec.Ports {
		_ = out.Interface(name, "", one.spec.Filter, one.spec.Snaplen) // out keeps the error
	}
	tick := time.NewTicker(captureLook)
	defer tick.Stop()
	for done := false; !done; {
		if err := buffered.Flush(); err != nil {
			return errors.Join(errWrite, err)
		}
		select {
		case <-tick.C:
		case <-one.stop:
			done = true
		case <-stopping:
			done = true
		case <-r.Context().Done():
			return errWrite
		}
		err := one.from.Read(func(f vale.Captured) error { return one.write(out, f) })
		if err != nil && !errors.Is(err, errCounted) {
			return errors.Join(errWrite, err)
		}
		done = done || err != nil
	}
	for i, s := range one.stats {
		s.Lost = one.from.Lost(i)
		s.Received += s.Lost
		_ = out.Statistics(i, time.Now(), s)
	}
	if err := buffered.Flush(); err != nil {
		return errors.Join(errWrite, err)
	}
	return nil
}

// errCounted says that a capture has all the packets that it is to have.
var errCounted = errors.New("that was the last packet")

func (one *capture) write(out *pcapng.Writer, f vale.Captured) error {
	s := &one.stats[f.Point]
	s.Received++
	if one.filter != nil && !one.filter.keeps(&f) {
		return nil
	}
	s.Accepted++
	s.Delivered++
	direction := pcapng.Inbound
	if f.Sent {
		direction = pcapng.Outbound
	}
	data := f.Data[:min(len(f.Data), one.spec.Snaplen)]
	if err := out.Packet(f.Point, f.Time, direction, f.Len, data); err != nil {
		return err
	}
	one.bytes.Add(uint64(len(data)))
	if n := one.packets.Add(1); one.spec.Count > 0 && n == one.spec.Count {
		return errCounted
	}
	return nil
}

// captureSpec reads the query of GET /v1/capture.
func captureSpec(r *http.Request) (CaptureSpec, error) {
	query := r.URL.Query()
	spec := CaptureSpec{Ports: query["port"], Snaplen: maxSnaplen, Filter: query.Get("filter")}
	if len(spec.Ports) == 0 || len(spec.Ports) > maxCapturePorts {
		return spec, invalid("port: from 1 to %d are needed, as in ?port=NODE:INTERFACE", maxCapturePorts)
	}
	for i, port := range spec.Ports {
		if slices.Contains(spec.Ports[:i], port) {
			return spec, invalid("port: %q is there twice", port)
		}
	}
	var err error
	if text := query.Get("snaplen"); text != "" {
		if spec.Snaplen, err = strconv.Atoi(text); err != nil || spec.Snaplen < 1 || spec.Snaplen > maxSnaplen {
			return spec, invalid("snaplen: %q is not a number from 1 to %d", text, maxSnaplen)
		}
	}
	if text := query.Get("count"); text != "" {
		if spec.Count, err = strconv.ParseUint(text, 10, 64); err != nil {
			return spec, invalid("count: %q is not a number", text)
		}
	}
	spec.Program, err = parseProgram(query.Get("program"))
	return spec, err
}

// maxProgram is how many instructions a filter may have, as in the kernel.
const maxProgram = 4096

// parseProgram reads a BPF program as formatProgram writes it: "OP JT JF K" with commas between.
func parseProgram(text string) (program []bpf.RawInstruction, err error) {
	if text == "" {
		return nil, nil
	}
	for line := range strings.SplitSeq(text, ",") {
		var i bpf.RawInstruction
		n, err := fmt.Sscanf(line, "%d %d %d %d", &i.Op, &i.Jt, &i.Jf, &i.K)
		if err != nil || n != 4 || len(program) == maxProgram {
			return nil, invalid("program: %q is not an instruction, or one too much", line)
		}
		program = append(program, i)
	}
	return program, nil
}

func formatProgram(program []bpf.RawInstruction) string {
	lines := make([]string, len(program))
	for i, p := range program {
		lines[i] = fmt.Sprintf("%d %d %d %d", p.Op, p.Jt, p.Jf, p.K)
	}
	return strings.Join(lines, ",")
}
