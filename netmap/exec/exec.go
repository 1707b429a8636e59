package exec

/*
#cgo CFLAGS: -O2 -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -I${SRCDIR}/../preload/src -I${SRCDIR}/../internal/abi
#cgo LDFLAGS: -lpthread
*/
import "C"

import (
	"errors"
	"fmt"
	"os"
	"os/exec"

	"golang.org/x/sys/unix"

	_ "github.com/valelab/valelab/netmap/internal/abi" // follow its header
	_ "github.com/valelab/valelab/netmap/preload"      // and its sources
)

// name is argv[0] of the supervisor.
const name = "valelab-netmap-exec"

// Run replaces the calling process by the supervisor of a program, which is looked for as a shell does. It ends with
// the program's exit status (128+n when signal n ended it). Run returns only when it fails.
func Run(argv []string) error {
	if len(argv) == 0 {
		return errors.New("no program given")
	}
	path, err := exec.LookPath(argv[0])
	if err != nil {
		return err
	}
	if err := unix.Exec("/proc/self/exe", append([]string{name, path}, argv...), os.Environ()); err != nil {
		return fmt.Errorf("start the supervisor: %w", err)
	}
	return nil
}
