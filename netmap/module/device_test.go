package module

import (
	"errors"
	"io/fs"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// A device that is not there, or is another one, does not answer.
func TestNoAnswer(t *testing.T) {
	if _, err := Answer(filepath.Join(t.TempDir(), "netmap")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if _, err := Answer("/dev/null"); !errors.Is(err, unix.ENOTTY) {
		t.Errorf("%v", err)
	}
}
