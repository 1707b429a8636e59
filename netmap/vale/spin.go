package vale

import (
	"runtime"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Spinning pays as long as it is shorter than what it avoids: putting a thread to sleep and waking it again,
// which costs 5 to 500 microseconds depending on the machine. As a worker that spins gives its processor to
// whoever wants it, the least is several times what a wake-up takes on most machines.
const (
	spinBefore = 200 * time.Microsecond // until it is measured
	spinLeast  = 200 * time.Microsecond
	spinMost   = time.Millisecond
	spinRounds = 100
)

// measureSpin measures how long two threads take to wake each other, and picks a spin time: what nine of ten
// round trips do not exceed. It takes about 10 milliseconds.
func measureSpin() time.Duration {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return spinBefore
	}
	var back [2]int
	if err := unix.Pipe2(back[:], unix.O_CLOEXEC); err != nil {
		unix.Close(fds[0])
		unix.Close(fds[1])
		return spinBefore
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		buf := make([]byte, 1)
		for {
			if n, err := unix.Read(fds[0], buf); err == unix.EINTR {
				continue
			} else if n != 1 {
				return
			}
			if _, err := unix.Write(back[1], buf); err != nil {
				return
			}
		}
	}()
	trips := roundTrips(fds[1], back[0])
	unix.Close(fds[1])
	<-ended
	unix.Close(fds[0])
	unix.Close(back[0])
	unix.Close(back[1])
	if len(trips) == 0 {
		return spinBefore
	}
	slices.Sort(trips)
	return min(max(trips[len(trips)*9/10], spinLeast), spinMost)
}

func roundTrips(out, in int) (trips []time.Duration) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	buf := make([]byte, 1)
	for range spinRounds {
		start := time.Now()
		if _, err := unix.Write(out, buf); err != nil {
			return trips
		}
		for {
			_, err := unix.Read(in, buf)
			if err == unix.EINTR {
				continue
			}
			if err != nil {
				return trips
			}
			break
		}
		trips = append(trips, time.Since(start))
	}
	return trips
}
