package netmap

// What a misuse of borrowed slots panics with; a slot that a batch does not have panics as an index out of range.
// Strings and no call: the checks stand on the path of every frame and must be inlined there.
const (
	notBorrowed = "netmap: slots are not borrowed: the batch ended, or has not so many"
	tooLong     = "netmap: length does not fit the slot's buffer"
	noLength    = "netmap: commit of slots without a length"
)
