package pktgen

// maxFrame bounds a frame that is put together from several slots, in bytes.
// What is longer counts as one foreign frame.
const maxFrame = 1 << 16

// assembly puts together the frames of a ring that take several slots.
type assembly struct {
	frame   []byte // what there is of it
	length  int    // of all its slots so far, also beyond maxFrame
	partial bool   // the next slot goes on with it
}

// join adds a slot to the frame, and gives the frame when it is whole; nil if
// it was too long. It is valid until the next join.
func (a *assembly) join(part []byte, more bool) []byte {
	if !a.partial {
		a.frame, a.length = a.frame[:0], 0
	}
	a.partial = more
	a.length += len(part)
	a.frame = append(a.frame, part[:min(len(part), maxFrame-len(a.frame))]...)
	if more || a.length > maxFrame {
		return nil
	}
	return a.frame
}
