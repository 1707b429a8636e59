package state

import (
	"bytes"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func TestWriteFileMakesFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b", "file")
	if err := WriteFile(path, []byte("x"), 0o640); err != nil {
		t.Fatal(err)
	}
	fi, err := os.Stat(path)
	if err != nil || fi.Mode() != 0o640 {
		t.Fatalf("mode %v, %v", fi.Mode(), err)
	}
}

func TestWriteFileLeavesNothingOnFailure(t *testing.T) {
	dir := t.TempDir()
	// A folder that is not empty can't be renamed over.
	if err := os.MkdirAll(dir+"/file/x", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(dir+"/file", []byte("x"), 0o600); err == nil {
		t.Fatal("no error")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("folder holds %v, %v", entries, err)
	}
}

func TestWriteFileIsSeenWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	texts := [][]byte{bytes.Repeat([]byte("a"), 5000), bytes.Repeat([]byte("b"), 9000)}
	if err := WriteFile(path, texts[0], 0o600); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			if err := WriteFile(path, texts[i%2], 0o600); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for range 500 {
		data, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(data, texts[0]) && !bytes.Equal(data, texts[1]) {
			t.Errorf("read %d bytes, %v", len(data), err)
			break
		}
	}
	close(stop)
	wg.Wait()
}
