package agent

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/runtime/state"
)

// openInit returns a pidfd of a node's init, or -1 when that process is gone.
func openInit(spec NodeSpec) (int, error) {
	fd, err := unix.PidfdOpen(spec.PID, 0)
	if errors.Is(err, unix.ESRCH) {
		return -1, nil
	}
	if err != nil {
		return -1, fmt.Errorf("process %d: %w", spec.PID, err)
	}
	// The number is pinned now; is it still the process that was meant?
	start, err := state.StartTime(spec.PID)
	if err == nil && start == spec.StartTime {
		return fd, nil
	}
	_ = unix.Close(fd)
	if err == nil || errors.Is(err, state.ErrGone) {
		return -1, nil
	}
	return -1, err
}

// maxPID is the highest process number that the kernel gives.
const maxPID = 1 << 22
