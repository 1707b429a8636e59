package state

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestPIDFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pid")
	if _, err := ReadPID(path); !errors.Is(err, ErrGone) {
		t.Fatalf("missing pid file: %v, want ErrGone", err)
	}
	start, err := StartTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	me := PID{Number: os.Getpid(), Start: start}
	if err := WritePID(path, me); err != nil {
		t.Fatal(err)
	}
	got, err := ReadPID(path)
	if err != nil || got != me {
		t.Fatalf("read %v, %v, want %v", got, err, me)
	}
	if !got.Alive() {
		t.Error("this process is not alive")
	}
	if got.Start++; got.Alive() {
		t.Error("a process of another start time is alive")
	}
}

// FuzzParsePID: what is accepted is written back as the same bytes.
func FuzzParsePID(f *testing.F) {
	for _, seed := range []string{"1 2\n", "12345 678901234\n", "", "1\n", "1 2", "01 2\n", "-1 2\n", "1 2 3\n", "1 18446744073709551616\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ParsePID(data)
		if err != nil {
			return
		}
		if p.Number <= 0 || p.String()+"\n" != string(data) {
			t.Errorf("ParsePID(%q) = %v", data, p)
		}
	})
}
