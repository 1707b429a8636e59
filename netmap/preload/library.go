package preload

import (
	"embed"
	"errors"
)

//go:embed all:lib
var lib embed.FS

// Sources are those of the library. The go command does not look at C files of other folders when it decides
// whether a cgo package is up to date; importing this one makes a package that includes them follow their changes.
//
//go:embed src
var Sources embed.FS

// Name is the library's file name, Path where every node finds it.
const (
	Name = "libnetmap.so"
	Path = "/run/valelab/bin/" + Name
)

// ErrMissing says that this program was built without the library.
var ErrMissing = errors.New("built without the netmap preload library (make build puts it in)")

// Library returns the library's bytes. The error is ErrMissing.
func Library() ([]byte, error) {
	data, err := lib.ReadFile("lib/" + Name)
	if err != nil {
		return nil, ErrMissing
	}
	return data, nil
}
