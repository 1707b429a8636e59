package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

func TestLastLines(t *testing.T) {
	for _, test := range []struct {
		text string
		n    int
		want string
	}{
		{"a\nb\nc\n", 2, "b\nc\n"}, {"a\nb\nc", 2, "b\nc"}, {"a\nb\n", 5, "a\nb\n"},
		{"a\nb\n", 0, ""}, {"a\nb\n", -1, "a\nb\n"}, {"", 3, ""}, {"\n\n", 1, "\n"},
	} {
		if got := string(lastLines([]byte(test.text), test.n)); got != test.want {
			t.Errorf("lastLines(%q, %d) = %q, want %q", test.text, test.n, got, test.want)
		}
	}
}

// lockedBuffer is a buffer that a follower writes while the test reads it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestNodeLogFollowsRotation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	appendTo := func(name, text string) {
		t.Helper()
		f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
	}
	appendTo(path+".1", "oldest\n")
	appendTo(path, "one\n")

	log, err := openNodeLog([]string{path + ".1", path})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	text, err := log.readAll()
	if want := "oldest\none\n"; err != nil || string(text) != want {
		t.Fatalf("readAll = %q, %v, want %q", text, err, want)
	}

	var out lockedBuffer
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- log.follow(ctx, &out) }()

	appendTo(path, "two\n")
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	appendTo(path, "three\n")
	want := "two\nthree\n"
	for deadline := time.Now().Add(5 * time.Second); out.String() != want; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("followed %q, want %q", out.String(), want)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}
