package topology

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/hashicorp/go-multierror"
)

// Fault is one thing wrong with a lab file (or with an env file that it names).
type Fault struct {
	File    string
	Line    int // from 1
	Column  int // from 1, in characters
	Message string
	Hint    string // what can be done about it; may be empty
}

// Error returns "FILE:LINE:COLUMN: MESSAGE", without the hint.
func (f *Fault) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", f.File, f.Line, f.Column, f.Message)
}

// maxFaults bounds what a hopeless file can make us remember.
const maxFaults = 200

// faultList collects faults. The same fault is kept once: a value that several
// nodes inherit is faulty at one place only.
type faultList struct {
	list    []*Fault
	seen    map[Fault]bool
	dropped int
}

func (l *faultList) add(f Fault) {
	if l.seen[f] {
		return
	}
	if l.full() {
		l.dropped++
		return
	}
	if l.seen == nil {
		l.seen = make(map[Fault]bool)
	}
	l.seen[f] = true
	l.list = append(l.list, &f)
}

// full reports whether further faults are only counted.
func (l *faultList) full() bool { return len(l.list) == maxFaults }

// err returns the faults as a *multierror.Error, those of the lab file first and
// sorted by position, or nil when there are none.
func (l *faultList) err(labFile string) error {
	if len(l.list) == 0 {
		return nil
	}
	foreign := func(f *Fault) int {
		if f.File == labFile {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(l.list, func(a, b *Fault) int {
		return cmp.Or(
			cmp.Compare(foreign(a), foreign(b)),
			cmp.Compare(a.File, b.File),
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Column, b.Column),
		)
	})
	result := &multierror.Error{ErrorFormat: onePerLine}
	for _, f := range l.list {
		result.Errors = append(result.Errors, f)
	}
	if l.dropped > 0 {
		last := *l.list[len(l.list)-1]
		last.Message = fmt.Sprintf("%d faults more are not shown", l.dropped)
		last.Hint = ""
		result.Errors = append(result.Errors, &last)
	}
	return result
}

// onePerLine is the multierror format: the faults, nothing else.
func onePerLine(errs []error) string {
	var text []byte
	for i, err := range errs {
		if i > 0 {
			text = append(text, '\n')
		}
		text = append(text, err.Error()...)
	}
	return string(text)
}
