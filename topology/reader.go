package topology

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"
)

// maxExpanded is what a lab file may expand to, roughly in bytes.
const maxExpanded = 16 << 20

// Costs in bytes of what is not text.
const (
	costValue = 32  // a value of the file, counted each time an alias brings it up
	costThing = 256 // a node or a link
)

// pos is a position in the lab file, from 1.
type pos struct{ line, column int }

func at(n *yaml.Node) pos { return pos{n.Line, n.Column} }

// reader turns YAML nodes into values, and everything wrong with them into faults.
// Its methods return ok == false after they have reported a fault.
type reader struct {
	file   string
	env    Env
	lines  int // of the file
	faults faultList
	left   int  // of maxExpanded
	spent  bool // the budget is gone, which is reported; nothing more is read

	envFiles map[string]envFile // by path; those read so far
}

func newReader(file string, env Env) *reader {
	if env.Lookup == nil {
		env.Lookup = func(string) (string, bool) { return "", false }
	}
	return &reader{file: file, env: env, left: maxExpanded, envFiles: make(map[string]envFile)}
}

// fault reports a fault of the lab file. What the YAML package finds behind the end of
// the file is put on its last line.
func (r *reader) fault(p pos, hint, format string, args ...any) {
	if p.line > r.lines {
		p = pos{r.lines, 1}
	}
	r.faultIn(r.file, p, hint, format, args...)
}

// faultIn reports a fault of another file.
func (r *reader) faultIn(file string, p pos, hint, format string, args ...any) {
	if r.spent {
		return
	}
	r.faults.add(Fault{
		File:    file,
		Line:    max(p.line, 1),
		Column:  max(p.column, 1),
		Message: oneLine(fmt.Sprintf(format, args...)),
		Hint:    oneLine(hint),
	})
}

// spend takes cost bytes from the budget. It returns false once there are none left.
func (r *reader) spend(p pos, cost int) bool {
	if r.spent {
		return false
	}
	if cost > r.left {
		r.fault(p, "look for aliases, variables, defaults or groups that repeat a large value",
			"lab file expands to more than %d MiB", maxExpanded>>20)
		r.spent = true
		return false
	}
	r.left -= cost
	return true
}

// quote returns text as it may stand in a message: quoted, on one line, not too long.
func quote(text string) string {
	return strconv.Quote(cut(text, 60))
}

// oneLine returns a message or hint without what does not belong on a line.
func oneLine(text string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return ' '
		}
		return c
	}, cut(text, 400))
}

// cut returns the first characters of text.
func cut(text string, limit int) string {
	n := 0
	for i := range text {
		if n++; n > limit {
			return text[:i] + "..."
		}
	}
	return text
}
