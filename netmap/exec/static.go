package exec

import (
	"debug/elf"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// maxLinks bounds how often a script's interpreter may be a script.
const maxLinks = 5

// Static says whether a program makes its system calls itself: an ELF file that asks for no dynamic linker, or a
// script whose interpreter is one. A file that can't be read, or is something else, is none.
func Static(path string) bool {
	for range maxLinks {
		f, err := os.Open(path)
		if err != nil {
			return false
		}
		head := make([]byte, 256)
		n, err := io.ReadFull(f, head)
		if err != nil && err != io.ErrUnexpectedEOF {
			f.Close()
			return false
		}
		script, ok := strings.CutPrefix(string(head[:n]), "#!")
		if !ok {
			static := isStatic(f)
			f.Close()
			return static
		}
		f.Close()
		line, _, _ := strings.Cut(script, "\n")
		words := strings.Fields(line)
		if len(words) == 0 {
			return false
		}
		path = words[0]
	}
	return false
}

// isStatic looks for PT_INTERP.
func isStatic(r io.ReaderAt) bool {
	f, err := elf.NewFile(r)
	if err != nil || f.Type != elf.ET_EXEC && f.Type != elf.ET_DYN {
		return false
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return false
		}
	}
	return true
}

// Wrap returns the command line that serves the program, if it is static: self, this program, comes before it. The
// program is looked for in the folders of path, as a shell does. valelab itself needs none.
func Wrap(argv []string, path, self string) []string {
	if len(argv) == 0 {
		return argv
	}
	program := find(argv[0], path)
	if program == "" || filepath.Base(argv[0]) == "valelab" || same(program) || !Static(program) {
		return argv
	}
	return append([]string{self, "netmap-exec", "--"}, argv...)
}

// find looks for a program.
func find(name, path string) string {
	if strings.Contains(name, "/") {
		return name
	}
	for _, dir := range filepath.SplitList(path) {
		file := filepath.Join(dir, name)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return file
		}
	}
	return ""
}

// same says whether a file is the running program.
func same(path string) bool {
	a, err := os.Stat(path)
	if err != nil {
		return false
	}
	b, err := os.Stat("/proc/self/exe")
	return err == nil && os.SameFile(a, b)
}
