package entry

/*
#cgo CFLAGS: -O2 -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror
#include "entry.h"
*/
import "C"

// What a container sees.
const (
	Folder  = "/run/valelab"     // where its folder is bound
	Program = C.ENTRY_PROGRAM    // the entrypoint
	Word    = C.ENTRY_WORD       // its first argument
	Gate    = "gate.sock"        // the socket in Folder that it waits at
	Go      = byte(C.ENTRY_GO)   // what lets it go on
	Bin     = "/run/valelab/bin" // the folder of Program, which belongs on the PATH
	Preload = C.ENTRY_PRELOAD    // the library that programs load, where there is one
)
