package serve

import (
	"fmt"
	"os"
)

// FDs returns the descriptors of files that stay open and the caller's. Unlike
// the files' own Fd it leaves those alone that do not block.
func FDs(files ...*os.File) ([]int, error) {
	fds := make([]int, 0, len(files))
	for _, file := range files {
		raw, err := file.SyscallConn()
		if err == nil {
			err = raw.Control(func(fd uintptr) { fds = append(fds, int(fd)) })
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file.Name(), err)
		}
	}
	return fds, nil
}
