package main

import (
	"bufio"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/valelab/valelab/netmap/conformance/machine/internal/cpio"
	"github.com/valelab/valelab/netmap/conformance/machine/internal/report"
)

// commands are those of busybox that labs and their tests use.
var commands = []string{"sh", "sleep", "kill", "env", "cat", "echo", "true", "false", "ls", "id", "ip", "test", "touch", "rm", "grep", "head", "dd", "seq"}

// pack writes the machine's root file system: the programs, the order, and the data of the packages' tests.
func pack(archive string, programs map[string]string, order []byte, packages []string) error {
	f, err := os.Create(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	out := bufio.NewWriter(f)
	w := cpio.NewWriter(out)
	for _, dir := range []string{"dev", "proc", "sys", "run", "tmp", "root", "etc", "var/lib"} {
		w.Folder(dir)
	}
	w.Device("dev/console", 0o600, 5, 1)
	for _, name := range commands {
		w.Link("bin/"+name, "busybox")
	}
	w.File("etc/passwd", 0o644, []byte("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"))
	w.File("etc/group", 0o644, []byte("root:x:0:\nnogroup:x:65534:\n"))
	w.File("etc/hosts", 0o644, []byte("127.0.0.1 localhost\n::1 localhost\n"))
	w.File("etc/resolv.conf", 0o644, nil)
	w.File(report.OrderFile, 0o644, order)
	for _, at := range slices.Sorted(maps.Keys(programs)) {
		if err := add(w, at, programs[at]); err != nil {
			return err
		}
	}
	for _, dir := range append(testData(packages), "labs") {
		if err := addFolder(w, dir); err != nil {
			return err
		}
	}
	for _, p := range packages {
		w.Folder(path.Join(source, p)) // the tests run there
	}
	if err := w.Close(); err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return f.Close()
}

func add(w *cpio.Writer, at, file string) error {
	data, err := os.ReadFile(file)
	if err == nil {
		w.File(at, 0o755, data)
	}
	return err
}

// testData are the folders testdata of packages that have one.
func testData(packages []string) []string {
	var dirs []string
	for _, p := range packages {
		dir := filepath.Join(p, "testdata")
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// addFolder adds a folder of the project with all that is in it.
func addFolder(w *cpio.Writer, dir string) error {
	return filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		return add(w, path.Join(source, filepath.ToSlash(file)), file)
	})
}
