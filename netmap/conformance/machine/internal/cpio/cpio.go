package cpio

import (
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

// A Writer writes an archive, one file after the other. The folders of a file are made by themselves. Its first
// error ends it; Close gives it back.
type Writer struct {
	w       io.Writer
	err     error
	inode   int
	folders map[string]bool
}

// NewWriter returns a writer; Close ends the archive and leaves w open.
func NewWriter(w io.Writer) *Writer {
	return &Writer{w: w, folders: map[string]bool{".": true, "/": true, "": true}}
}

// File types of a header's mode.
const (
	typeFolder = 0o040000
	typeFile   = 0o100000
	typeLink   = 0o120000
	typeChar   = 0o020000
)

// Folder adds a folder, and those that it stands in.
func (a *Writer) Folder(name string) {
	name = strings.Trim(path.Clean(name), "/")
	if a.folders[name] {
		return
	}
	a.folders[name] = true
	a.Folder(path.Dir(name))
	a.entry(name, typeFolder|0o755, 0, 0, nil)
}

// File adds a file with these permissions.
func (a *Writer) File(name string, perm os.FileMode, data []byte) {
	a.in(name)
	a.entry(name, typeFile|uint32(perm.Perm()), 0, 0, data)
}

// Link adds a symbolic link.
func (a *Writer) Link(name, target string) {
	a.in(name)
	a.entry(name, typeLink|0o777, 0, 0, []byte(target))
}

// Device adds a character device.
func (a *Writer) Device(name string, perm os.FileMode, major, minor uint32) {
	a.in(name)
	a.entry(name, typeChar|uint32(perm.Perm()), major, minor, nil)
}

// Close ends the archive.
func (a *Writer) Close() error {
	a.entry("TRAILER!!!", 0, 0, 0, nil)
	return a.err
}

func (a *Writer) in(name string) { a.Folder(path.Dir(strings.Trim(name, "/"))) }

// entry writes a header of 110 bytes, the name and the data, each filled up to a multiple of 4.
func (a *Writer) entry(name string, mode, major, minor uint32, data []byte) {
	if a.err != nil {
		return
	}
	a.inode++
	name = strings.Trim(name, "/")
	head := fmt.Sprintf("070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\x00",
		a.inode, mode, 0, 0, 1, 0, len(data), 0, 0, major, minor, len(name)+1, 0, name)
	for _, part := range [][]byte{[]byte(head), padding(len(head)), data, padding(len(data))} {
		if _, err := a.w.Write(part); err != nil {
			a.err = err
			return
		}
	}
}

func padding(n int) []byte { return make([]byte, (4-n%4)%4) }
