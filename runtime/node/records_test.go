package node

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sample is a configuration with every kind of record.
func sample(t testing.TB) []record {
	t.Helper()
	cfg := Config{
		LabDir: "/run/valelab/lab", Name: "n", Argv: []string{"echo", "", "x y"},
		Env: []string{"A=1", "B="}, User: "1000:1000", CPUSet: "0,9",
		Sysctls: []Sysctl{{"net.ipv4.ip_forward", "1"}}, Masks: []string{"/secret"},
	}
	records, err := cfg.resolve()
	if err != nil {
		t.Fatal(err)
	}
	return append(records, text(recordCgroup, "/g"), number32(recordPidfd, 7))
}

func TestRecordsRoundTrip(t *testing.T) {
	records := sample(t)
	message, err := encode(records)
	if err != nil {
		t.Fatal(err)
	}
	again, err := decode(message)
	if err != nil {
		t.Fatal(err)
	}
	same := cmp.Comparer(func(a, b record) bool { return a.kind == b.kind && bytes.Equal(a.payload, b.payload) })
	if diff := cmp.Diff(records, again, same); diff != "" {
		t.Error(diff)
	}
}

func TestRecordsTooLong(t *testing.T) {
	if _, err := encode([]record{text(recordArg, strings.Repeat("x", maxMessage))}); err != errTooLong {
		t.Errorf("error %v, want %v", err, errTooLong)
	}
}

// FuzzDecode: any bytes give records or an error, and records encode to the
// same bytes again.
func FuzzDecode(f *testing.F) {
	message, err := encode(sample(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(message)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, message []byte) {
		records, err := decode(message)
		if err != nil {
			if records != nil {
				t.Fatal("records and an error")
			}
			return
		}
		again, err := encode(records)
		if err != nil || !bytes.Equal(message, again) {
			t.Fatalf("%v: %q encodes to %q", err, message, again)
		}
	})
}

// buildHarness compiles the C decoder with sanitizers.
func buildHarness(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "harness")
	args := []string{"-O1", "-g", "-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror",
		"-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-o", binary,
		"testdata/config_harness.c", "config.c"}
	out, err := exec.CommandContext(t.Context(), "cc", args...).CombinedOutput()
	if bytes.Contains(out, []byte("asan")) && bytes.Contains(out, []byte("cannot find")) {
		t.Skipf("the compiler's sanitizers are not installed: %s", out)
	}
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return binary
}

// TestDecoderSanitized feeds whole, cut and damaged configurations to the C
// decoder under the address and undefined behaviour sanitizers. Whatever it
// takes, the Go side takes too.
func TestDecoderSanitized(t *testing.T) {
	message, err := encode(sample(t))
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	messages := [][]byte{message}
	for i := range message {
		messages = append(messages, message[:i])
	}
	for range 20000 {
		messages = append(messages, damage(random, message))
	}
	var input bytes.Buffer
	for _, m := range messages {
		input.Write(binary.NativeEndian.AppendUint32(nil, uint32(len(m))))
		input.Write(m)
	}
	cmd := exec.CommandContext(t.Context(), buildHarness(t))
	cmd.Stdin = &input
	var faults bytes.Buffer
	cmd.Stderr = &faults
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, faults.String())
	}
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(lines) != len(messages) {
		t.Fatalf("%d answers to %d messages", len(lines), len(messages))
	}
	if !strings.HasPrefix(lines[0], "ok 1 26 1 arg=3/7 env=5/") {
		t.Errorf("the whole message gives %q", lines[0])
	}
	taken := 0
	for i, line := range lines[1:] {
		if !strings.HasPrefix(line, "ok ") {
			continue
		}
		taken++
		if _, err := decode(messages[i+1]); err != nil {
			t.Errorf("C takes message %d, Go says %v", i+1, err)
		}
	}
	if taken == 0 || taken == len(messages)-1 {
		t.Errorf("%d of %d damaged messages were taken", taken, len(messages)-1)
	}
}

// damage returns a changed copy: bytes flipped, lengths set to edges, the end
// cut off with the header corrected.
func damage(random *rand.Rand, message []byte) []byte {
	m := bytes.Clone(message)
	for range 1 + random.IntN(3) {
		at := 8 + random.IntN(len(m)-12)
		switch random.IntN(3) {
		case 0:
			m[at] ^= 1 << random.IntN(8)
		case 1:
			edges := []uint32{0, 1, 0x7fffffff, 0xffffffff, uint32(len(m))}
			binary.NativeEndian.PutUint32(m[at:], edges[random.IntN(len(edges))])
		case 2:
			if len(m) > 64 {
				m = m[:64+random.IntN(len(m)-64)]
				binary.NativeEndian.PutUint32(m[4:], uint32(len(m)-8))
			}
		}
	}
	return m
}
