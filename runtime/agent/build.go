package agent

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
)

// Build identifies the build of this program: it is another one whenever
// anything in the program is. It is empty when the program does not say.
var Build = sync.OnceValue(func() string {
	id, err := buildID("/proc/self/exe")
	if err != nil {
		return ""
	}
	return id
})

// buildID reads the ID that the Go linker has put into a program.
func buildID(path string) (string, error) {
	file, err := elf.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	section := file.Section(".note.go.buildid")
	if section == nil {
		return "", fmt.Errorf("%s has no build ID", path)
	}
	note, err := section.Data()
	if err != nil {
		return "", err
	}
	return parseNote(note, file.ByteOrder)
}

// parseNote reads an ELF note whose owner is Go: two lengths and a type, the
// owner, the ID.
func parseNote(note []byte, order binary.ByteOrder) (string, error) {
	const header = 16
	if len(note) < header || order.Uint32(note) != 4 || !bytes.Equal(note[12:16], []byte("Go\x00\x00")) {
		return "", errors.New("not a note of the Go linker")
	}
	size := uint64(order.Uint32(note[4:]))
	if size > uint64(len(note)-header) {
		return "", errors.New("note of the Go linker is cut short")
	}
	return string(bytes.TrimRight(note[header:header+size], "\x00")), nil
}
