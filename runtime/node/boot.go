package node

/*
#cgo CFLAGS: -O2 -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror
*/
import "C"
