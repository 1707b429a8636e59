package netmap

// lengths remembers which slots of a batch have got a length. Programs mostly go from the first slot to the
// last, so that counting is all there is to do.
type lengths struct {
	first int    // slots 0 to first-1 have one
	ahead []bool // others that have one, by slot; nil until a program jumps ahead
	jumps int    // entries of ahead that are true
}

// set notes that slot i of a batch in a ring of size slots has a length.
func (l *lengths) set(i, size int) {
	switch {
	case i == l.first:
		l.first++
	case i > l.first:
		if l.ahead == nil {
			l.ahead = make([]bool, size)
		}
		if !l.ahead[i] {
			l.ahead[i] = true
			l.jumps++
		}
	}
}

// cover says whether slots 0 to n-1 all have one.
func (l *lengths) cover(n int) bool {
	for l.first < n && l.jumps > 0 && l.ahead[l.first] {
		l.first++
	}
	return l.first >= n
}

// reset forgets them, for the next batch.
func (l *lengths) reset() {
	l.first = 0
	if l.jumps > 0 {
		clear(l.ahead)
		l.jumps = 0
	}
}
