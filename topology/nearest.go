package topology

import (
	"slices"
	"strings"
)

// suggest returns a hint for a name that is not known: the nearest known one when
// one is near, else the known ones when they are few, else nothing.
func (r *reader) suggest(name string, known []string) string {
	if r.faults.full() {
		return ""
	}
	otherwise := ""
	if 0 < len(known) && len(known) <= 16 {
		otherwise = "known: " + strings.Join(slices.Sorted(slices.Values(known)), ", ")
	}
	return DidYouMean(name, known, otherwise)
}

// suggestOrDeclare is suggest for names that a section of the lab file declares.
func (r *reader) suggestOrDeclare(name string, known []string, section string) string {
	if hint := r.suggest(name, known); hint != "" {
		return hint
	}
	return "declare it: " + section + ": {" + name + ": {}}"
}

// nearest returns the known name that takes the fewest edits, "" if none is near:
// within one edit for each three characters, at least one. The first wins a tie.
func nearest(name string, known []string) string {
	if len(name) > 64 {
		return ""
	}
	best, limit := "", max(1, len(name)/3)
	for _, k := range known {
		d := len(k) - len(name)
		if d > limit || -d > limit {
			continue
		}
		if strings.EqualFold(name, k) {
			return k
		}
		if d := editDistance(name, k); d <= limit {
			if best, limit = k, d-1; limit == 0 {
				return best
			}
		}
	}
	return best
}

// editDistance counts the insertions, deletions, substitutions and swaps of
// neighbours that make b of a.
func editDistance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}

// DidYouMean is the hint for a name that is not known: the known one that is
// nearest, or otherwise, if none is near.
func DidYouMean(name string, known []string, otherwise string) string {
	if near := nearest(name, known); near != "" {
		return "did you mean " + quote(near) + "?"
	}
	return otherwise
}
