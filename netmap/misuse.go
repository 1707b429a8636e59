package netmap

// What a misuse of borrowed slots panics with. Two strings and no call: the checks stand on the path of every
// frame and must be inlined there.
const (
	notBorrowed = "netmap: slot is not borrowed: outside of its batch, or used after the batch ended"
	tooLong     = "netmap: length does not fit the slot's buffer"
)
