package keeper

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestDecodeSanitized gives the keeper's decoder, built with the address and
// undefined behaviour sanitizers, messages that are good, bad, and mutated
// ones, and compares what it says with what the Go side says.
func TestDecodeSanitized(t *testing.T) {
	program := filepath.Join(t.TempDir(), "decode")
	build := exec.Command("gcc", "-std=gnu11", "-O1", "-g", "-Wall", "-Wextra", "-Werror",
		"-fsanitize=address,undefined", "-fno-sanitize-recover=all",
		"-o", program, "message.c", "testdata/decode.c")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	var input bytes.Buffer
	var want []string
	for _, m := range decoderInputs() {
		binary.Write(&input, binary.NativeEndian, [2]uint32{uint32(len(m.bytes)), uint32(m.files)})
		input.Write(m.bytes)
		want = append(want, expectation(m.bytes, m.files))
	}
	run := exec.Command(program)
	run.Stdin = &input
	var stderr bytes.Buffer
	run.Stderr = &stderr
	out, err := run.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	lines := bufio.NewScanner(bytes.NewReader(out))
	for i, line := range want {
		if !lines.Scan() || lines.Text() != line {
			t.Fatalf("message %d: C says %q, Go says %q", i, lines.Text(), line)
		}
	}
}

type decoderInput struct {
	bytes []byte
	files int
}

// decoderInputs are messages of every kind, and random changes of each.
func decoderInputs() []decoderInput {
	var good []decoderInput
	for _, m := range []message{
		{op: opPut, key: "k"},
		{op: opPut, key: "key", payload: []byte("payload"), files: 3},
		{op: opPut, key: string(bytes.Repeat([]byte{0xff}, MaxKey)), payload: make([]byte, MaxPayload), files: MaxFiles},
		{op: opDelete, key: "key"},
		{op: opList},
		{op: opShutdown},
		{op: opProgram, files: 1},
	} {
		good = append(good, decoderInput{m.encode(), int(m.files)})
	}
	inputs := append([]decoderInput{{nil, 0}}, good...)
	for _, bad := range badMessages() {
		inputs = append(inputs, decoderInput{bad.bytes, 0})
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		m := good[random.IntN(len(good))]
		if len(m.bytes) > 1000 && random.IntN(100) > 0 {
			continue // the long one less often
		}
		buf := bytes.Clone(m.bytes)
		for range 1 + random.IntN(3) {
			buf[random.IntN(min(len(buf), headerSize))] = byte(random.IntN(256) >> random.IntN(9))
		}
		if random.IntN(4) == 0 {
			buf = buf[:random.IntN(len(buf)+1)]
		}
		inputs = append(inputs, decoderInput{buf, m.files})
	}
	return inputs
}

// expectation is what the harness is to print for a message.
func expectation(buf []byte, files int) string {
	bad := fmt.Sprint(int(unix.EBADMSG))
	m, err := decode(buf, files)
	if err != nil || m.err != 0 {
		return bad
	}
	switch bare := len(m.payload) == 0 && m.files == 0; {
	case m.op == opPut && m.key != "":
	case m.op == opDelete && m.key != "" && bare:
	case (m.op == opList || m.op == opShutdown) && m.key == "" && bare:
	case m.op == opProgram && m.key == "" && len(m.payload) == 0 && m.files == 1:
	default:
		return bad
	}
	var sum uint32
	for _, b := range []byte(m.key + string(m.payload)) {
		sum += uint32(b)
	}
	return fmt.Sprintf("0 %d %d %d %d", m.op, len(m.key), len(m.payload), sum)
}
