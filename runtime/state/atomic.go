package state

import (
	"os"
	"path/filepath"
)

// WriteFile writes a file that a reader sees whole or not at all: it writes a
// neighbour and renames it. It makes the folder if that is missing, readable
// by its owner only.
func WriteFile(path string, data []byte, perm os.FileMode) error {
	return replace(path, data, perm, func(*os.File) error { return nil })
}

// WriteLasting is WriteFile of a file that is still whole, with the old or the
// new data, after a crash of the machine. When it returns it is the new data.
func WriteLasting(path string, data []byte, perm os.FileMode) error {
	if err := replace(path, data, perm, (*os.File).Sync); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// replace writes a neighbour, calls sync, and renames it.
func replace(path string, data []byte, perm os.FileMode, sync func(*os.File) error) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".")
	if os.IsNotExist(err) {
		if err = os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		f, err = os.CreateTemp(dir, "."+filepath.Base(path)+".")
	}
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	if _, err = f.Write(data); err == nil {
		err = f.Chmod(perm)
	}
	if err == nil {
		err = sync(f)
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
