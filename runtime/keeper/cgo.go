package keeper

// #cgo CFLAGS: -O2 -Wall -Wextra -Werror
// #include "message.h"
import "C"

// The operations of message.h.
const (
	opPut      = C.KEEPER_PUT
	opDelete   = C.KEEPER_DELETE
	opList     = C.KEEPER_LIST
	opShutdown = C.KEEPER_SHUTDOWN
	opReply    = C.KEEPER_REPLY
	opEntry    = C.KEEPER_ENTRY
	opEnd      = C.KEEPER_END
	opProgram  = C.KEEPER_PROGRAM
)

// The bounds of a store.
const (
	MaxKey     = C.KEEPER_MAX_KEY     // bytes of a key
	MaxPayload = C.KEEPER_MAX_PAYLOAD // bytes of a payload
	MaxFiles   = C.KEEPER_MAX_FILES   // files of an entry
	MaxEntries = C.KEEPER_MAX_ENTRIES // entries
	MaxBytes   = C.KEEPER_MAX_BYTES   // keys and payloads of all entries together
)

// The sizes of message.h's structs.
const (
	headerSize  = C.sizeof_struct_keeper_header
	historySize = C.sizeof_struct_keeper_history
)
