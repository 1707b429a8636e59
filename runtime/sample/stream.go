package sample

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// StreamType is the content type of a stream of samples.
const StreamType = "application/x-valelab-samples"

// A stream is frames: a byte that says of what kind, the length as a uvarint, and so many bytes.
const (
	frameWhole  = 'S' // a Sample in JSON: the first one, and whenever rings come, go or change
	frameNodes  = 'N' // the nodes of the next sample in JSON, when they were looked at again
	frameValues = 'V' // a sample whose rings are those of the one before
)

// A values frame is the time since the sample before in nanoseconds, and for each ring a uvarint whose bit i
// says that value i has changed, and for each such bit by how much, as a uvarint modulo 2^64. So a ring that
// rests costs one byte, and a busy one a dozen: nothing is formatted, parsed or allocated by the ring.

// maxFrame bounds the memory that a stream can ask for.
const maxFrame = 64 << 20

// Encoder writes samples of one lab.
type Encoder struct {
	w      io.Writer
	buf    []byte
	frame  []byte
	last   []Ring // shape of the sample before, which the caller keeps
	values []values
	nodes  []Node
	time   int64
	begun  bool
}

// NewEncoder returns an encoder that writes each sample, and whatever belongs to it, in one piece.
func NewEncoder(w io.Writer) *Encoder { return &Encoder{w: w} }

// Encode writes one sample. It looks at the rings of s once more when it is called again.
func (e *Encoder) Encode(s *Sample) error {
	e.buf = e.buf[:0]
	var err error
	if e.begun && sameShapes(e.last, s.Rings) {
		if !sameNodes(e.nodes, s.Nodes) {
			err = e.addJSON(frameNodes, s.Nodes)
		}
		e.addValues(s)
	} else {
		err = e.addJSON(frameWhole, s)
		e.values = slices.Grow(e.values[:0], len(s.Rings))[:len(s.Rings)]
		for i := range s.Rings {
			e.values[i].get(&s.Rings[i])
		}
	}
	if err != nil {
		return err
	}
	e.begun, e.last, e.nodes, e.time = true, s.Rings, s.Nodes, s.Time.UnixNano()
	_, err = e.w.Write(e.buf)
	return err
}

func sameShapes(a, b []Ring) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !sameShape(&a[i], &b[i]) {
			return false
		}
	}
	return true
}

// sameNodes says whether two samples have one list of nodes, which is looked at less often than rings.
func sameNodes(a, b []Node) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

func (e *Encoder) addJSON(kind byte, v any) error {
	text, err := json.Marshal(v)
	e.add(kind, text)
	return err
}

func (e *Encoder) add(kind byte, payload []byte) {
	e.buf = binary.AppendUvarint(append(e.buf, kind), uint64(len(payload)))
	e.buf = append(e.buf, payload...)
}

func (e *Encoder) addValues(s *Sample) {
	out := binary.AppendVarint(e.frame[:0], s.Time.UnixNano()-e.time)
	for i := range s.Rings {
		var now values
		now.get(&s.Rings[i])
		last := &e.values[i]
		if now == *last {
			out = append(out, 0)
			continue
		}
		var changed uint64
		for k := range now {
			if now[k] != last[k] {
				changed |= 1 << k
			}
		}
		out = binary.AppendUvarint(out, changed)
		for k := 0; changed>>k != 0; k++ {
			if changed>>k&1 != 0 {
				out = binary.AppendUvarint(out, now[k]-last[k])
			}
		}
		*last = now
	}
	e.frame = out
	e.add(frameValues, out)
}

// Decoder reads what an Encoder has written.
type Decoder struct {
	r      *bufio.Reader
	last   *Sample
	memory [2]Memory // of the last sample and the one before, in turns
	turn   int
	nodes  []Node
	frame  []byte
}

// NewDecoder returns a decoder of r.
func NewDecoder(r io.Reader) *Decoder { return &Decoder{r: bufio.NewReaderSize(r, 64<<10)} }

// ErrStream says that what was read is no stream of samples.
var ErrStream = errors.New("not a stream of samples")

// Next reads the next sample. It stays as it is until Next is called for the second time; [Sample.Clone] makes
// one that lasts. Only the rates may be written to. The error is io.EOF at the end.
func (d *Decoder) Next() (*Sample, error) {
	for {
		kind, err := d.r.ReadByte()
		if err != nil {
			return nil, err
		}
		if err := d.read(); err != nil {
			return nil, err
		}
		switch {
		case kind == frameWhole:
			s := new(Sample)
			if err := json.Unmarshal(d.frame, s); err != nil {
				return nil, fmt.Errorf("%w: %w", ErrStream, err)
			}
			d.last, d.nodes = s, s.Nodes
			return s, nil
		case kind == frameNodes:
			var nodes []Node
			if err := json.Unmarshal(d.frame, &nodes); err != nil {
				return nil, fmt.Errorf("%w: %w", ErrStream, err)
			}
			d.nodes = nodes
		case kind == frameValues && d.last != nil:
			s, err := d.values()
			if err != nil {
				return nil, err
			}
			d.last = s
			return s, nil
		default:
			return nil, ErrStream
		}
	}
}

// read reads the length of a frame and the frame.
func (d *Decoder) read() error {
	n, err := binary.ReadUvarint(d.r)
	if err == nil && n > maxFrame {
		err = ErrStream
	}
	if err != nil {
		return unexpected(err)
	}
	if uint64(cap(d.frame)) < n {
		d.frame = make([]byte, n)
	}
	d.frame = d.frame[:n]
	_, err = io.ReadFull(d.r, d.frame)
	return unexpected(err)
}

// unexpected is err where the stream must not end.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// values makes the next sample of the last one.
func (d *Decoder) values() (*Sample, error) {
	in := d.frame
	elapsed, n := binary.Varint(in)
	if n <= 0 {
		return nil, ErrStream
	}
	in = in[n:]
	d.turn = 1 - d.turn
	s := &Sample{
		Lab: d.last.Lab, Time: d.last.Time.Add(time.Duration(elapsed)), Rings: d.memory[d.turn].copy(d.last.Rings), Nodes: d.nodes,
	}
	for i := range s.Rings {
		s.Rings[i].Rates = nil
		changed, n := binary.Uvarint(in)
		if n <= 0 || changed >= 1<<numValues {
			return nil, ErrStream
		}
		in = in[n:]
		if changed == 0 {
			continue
		}
		var v values
		v.get(&s.Rings[i])
		for k := range v {
			if changed>>k&1 == 0 {
				continue
			}
			more, n := binary.Uvarint(in)
			if n <= 0 {
				return nil, ErrStream
			}
			in = in[n:]
			v[k] += more
		}
		v.put(&s.Rings[i])
	}
	if len(in) != 0 {
		return nil, ErrStream
	}
	return s, nil
}
