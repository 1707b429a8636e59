package keeper

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
)

// badMessage is a request that no keeper carries out.
type badMessage struct {
	name  string
	bytes []byte
}

// badMessages are requests without files that a keeper answers with EBADMSG.
func badMessages() []badMessage {
	header := func(m message) []byte { return m.encode() }
	with := func(m message, at int, value byte) []byte {
		buf := m.encode()
		buf[at] = value
		return buf
	}
	put := message{op: opPut, key: "key", payload: []byte("payload")}
	return []badMessage{
		{"one byte", []byte{opPut}},
		{"no operation", header(message{key: "k"})},
		{"operation of a keeper", header(message{op: opReply})},
		{"unknown operation", header(message{op: 99})},
		{"PUT without key", header(message{op: opPut})},
		{"PUT with an error", header(message{op: opPut, key: "k", err: 1})},
		{"PUT with files that did not come", header(message{op: opPut, key: "k", files: 1})},
		{"DELETE without key", header(message{op: opDelete})},
		{"DELETE with payload", header(message{op: opDelete, key: "k", payload: []byte("p")})},
		{"LIST with key", header(message{op: opList, key: "k"})},
		{"SHUTDOWN with payload", header(message{op: opShutdown, payload: []byte("p")})},
		{"shorter than its key", put.encode()[:headerSize+2]},
		{"shorter than its payload", put.encode()[:headerSize+5]},
		{"longer than it says", append(put.encode(), 0)},
		{"key length too big", with(put, 13, 1)},
		{"payload length too big", with(put, 18, 2)},
		{"lengths that wrap", with(put, 19, 0xff)},
	}
}

// Whatever decodes encodes to the same bytes; whatever does not says so with
// errMessage.
func FuzzMessage(f *testing.F) {
	for _, bad := range badMessages() {
		f.Add(bad.bytes, 0)
	}
	entry := message{op: opEntry, key: "endpoint/a:eth1", payload: []byte("{}"), files: 1}
	f.Add(entry.encode(), 1)
	f.Fuzz(func(t *testing.T, buf []byte, files int) {
		m, err := decode(buf, files)
		if (m == nil) == (err == nil) {
			t.Fatalf("message %v and error %v", m, err)
		}
		if err != nil {
			if !errors.Is(err, errMessage) {
				t.Fatalf("error %v is no errMessage", err)
			}
			return
		}
		if int(m.files) != files {
			t.Fatalf("%d files, came with %d", m.files, files)
		}
		if again := m.encode(); !bytes.Equal(again, buf) {
			t.Fatalf("encodes to %x, was %x", again, buf)
		}
	})
}

func TestMessageRoundTrip(t *testing.T) {
	for _, m := range []message{
		{op: opList, payload: []byte{}},
		{op: opReply, err: 28, payload: []byte{}},
		{op: opEntry, key: "k", payload: []byte("p"), files: MaxFiles},
		{op: opEntry, key: string(make([]byte, MaxKey)), payload: make([]byte, MaxPayload)},
	} {
		got, err := decode(m.encode(), int(m.files))
		if err != nil {
			t.Fatalf("%+v: %v", m.op, err)
		}
		if !reflect.DeepEqual(*got, m) {
			t.Errorf("got %+v, want %+v", *got, m)
		}
	}
}
