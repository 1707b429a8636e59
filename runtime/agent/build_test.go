package agent

import (
	"encoding/binary"
	"strings"
	"testing"
)

func TestBuild(t *testing.T) {
	if id := Build(); strings.Count(id, "/") != 3 {
		t.Errorf("this program's build is %q", id)
	}
	if id, err := buildID("build_test.go"); err == nil {
		t.Errorf("the build of a text is %q", id)
	}
}

func FuzzParseNote(f *testing.F) {
	good := binary.LittleEndian.AppendUint32(nil, 4)
	good = binary.LittleEndian.AppendUint32(good, 3)
	good = append(binary.LittleEndian.AppendUint32(good, 4), "Go\x00\x00a/b"...)
	f.Add(good)
	f.Add(good[:17])
	f.Fuzz(func(t *testing.T, note []byte) {
		id, err := parseNote(note, binary.LittleEndian)
		if (err == nil) != (len(note) >= 16 && string(note[:4]) == "\x04\x00\x00\x00" && string(note[12:16]) == "Go\x00\x00" &&
			uint64(binary.LittleEndian.Uint32(note[4:])) <= uint64(len(note)-16)) {
			t.Errorf("note %q: %q, %v", note, id, err)
		}
	})
}
