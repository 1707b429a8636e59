package agent

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestNobodyAnswers: it is said of the lab, not of sockets and requests.
func TestNobodyAnswers(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "firewall")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	client := Dial(dir)
	defer client.Close()
	_, err := client.Version(t.Context())
	if !errors.Is(err, ErrNoAgent) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	if want := "lab firewall: its agent does not answer: connect: no such file or directory"; err.Error() != want {
		t.Errorf("%q, want %q", err, want)
	}
}
