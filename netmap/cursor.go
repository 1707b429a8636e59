package netmap

// Positions run from 0 to n-1 round a ring of n slots, n being any number.

// distance is the number of slots from position from up to, not including, position to.
func distance(from, to, n uint32) uint32 {
	if to >= from {
		return to - from
	}
	return to + n - from
}

// advance is the position k slots after pos; k is at most n.
func advance(pos, k, n uint32) uint32 {
	if pos += k; pos >= n {
		pos -= n
	}
	return pos
}

// before is the position one slot before pos.
func before(pos, n uint32) uint32 {
	if pos == 0 {
		return n - 1
	}
	return pos - 1
}
