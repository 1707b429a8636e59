package exec

/*
#include <stdlib.h>
#include "exec.h"

static void release(char *text) { free(text); }
*/
import "C"

import (
	"os"
	"path/filepath"
	"strings"
)

// OwnCalls says whether a program makes its system calls itself: an ELF file that asks for no dynamic linker or was
// built by Go, or a script whose interpreter is one. A file that can't be read, or is something else, does not.
func OwnCalls(path string) bool {
	p := look(path)
	return bool(p.own_calls)
}

// loads says whether libraries are loaded with a program.
func loads(path string) bool {
	p := look(path)
	return bool(p.loads)
}

func look(path string) C.struct_program {
	if strings.Contains(path, "\x00") {
		return C.struct_program{}
	}
	text := C.CString(path)
	defer C.release(text)
	return C.program_at(text)
}

// Wrap returns the command line that serves the program, if it makes its system calls itself: self, this program, comes
// before it. The program is looked for in the folders of path, as a shell does. valelab itself needs none.
func Wrap(argv []string, path, self string) []string {
	if len(argv) == 0 {
		return argv
	}
	program := Find(argv[0], path)
	if program == "" || filepath.Base(argv[0]) == "valelab" || same(program) || !OwnCalls(program) {
		return argv
	}
	return append([]string{self, "netmap-exec", "--"}, argv...)
}

// Find looks for a program in the folders of path; "": there is none. A name with a slash is what it says, be it there
// or not.
func Find(name, path string) string {
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
