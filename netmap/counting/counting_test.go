package counting

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"testing"

	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
)

// Without the module's types there is no counting, and nothing is loaded; make test-kernel counts.
func TestNoTypes(t *testing.T) {
	_, missing := os.Stat(Types)
	c, err := Start()
	if missing != nil && (c != nil || !errors.Is(err, ErrNoTypes)) {
		t.Errorf("%v, %v", c, err)
	}
	if err == nil {
		_ = c.Close()
	}
}

// A structure that is not as it is known here is refused.
func TestOffsetOf(t *testing.T) {
	word := &btf.Int{Name: "unsigned int", Size: 4}
	ring := &btf.Struct{Name: "netmap_kring", Size: 16, Members: []btf.Member{
		{Name: "nr_hwcur", Type: word, Offset: 64}, {Name: "rhead", Type: &btf.Int{Name: "long", Size: 8}, Offset: 0},
		{Name: "bits", Type: word, Offset: 96, BitfieldSize: 3},
	}}
	builder, err := btf.NewBuilder([]btf.Type{ring})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := builder.Marshal(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	types, err := btf.LoadSpecFromReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if at, err := offsetOf(types, "netmap_kring", "nr_hwcur", 4); at != 8 || err != nil {
		t.Errorf("%d, %v", at, err)
	}
	for _, c := range [][2]string{{"netmap_kring", "rhead"}, {"netmap_kring", "bits"}, {"netmap_kring", "none"}, {"none", "rhead"}} {
		if _, err := offsetOf(types, c[0], c[1], 4); err == nil {
			t.Errorf("%s was taken", c)
		}
	}
}

// The program is whole: every jump has its place. A ring's key has the size that the table is made for.
func TestInstructions(t *testing.T) {
	for _, tx := range []bool{true, false} {
		var out bytes.Buffer
		program := append(asm.Instructions(nil), instructions(offsets{8, 16, 40, 112, 236, 832, 440}, tx, 3)...)
		if err := program.Marshal(&out, binary.LittleEndian); err != nil || out.Len() != 8*(len(program)+2) { // two are of two words
			t.Errorf("%d bytes for %d instructions, %v", out.Len(), len(program), err)
		}
	}
	if n := binary.Size(Ring{}); n != 12 {
		t.Errorf("a key of %d bytes", n)
	}
}
