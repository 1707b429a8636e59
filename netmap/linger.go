package netmap

import (
	"time"

	"golang.org/x/sys/unix"
)

// A program whose rings were busy does not sleep at once when they run dry: to sleep and be woken, perhaps on
// a processor that has gone to sleep itself, takes longer than the switch needs to go on. It gives the
// processor away instead, again and again, to whoever wants it: often the switch or the other program. One
// that sees a frame now and then sleeps at once.
const (
	busy       = 16 // slots gained since the last sleep that make a ring busy
	lingerTime = 100 * time.Microsecond
	clockTurns = 16 // looks at the rings from one look at the clock, which may cost more, to the next
)

// linger looks for a while whether the switch moves one of the rings, if one of them was busy. It says
// whether one has moved.
func linger(watched [2][]*ring, limit time.Duration) bool {
	if !anyBusy(watched) {
		return false
	}
	if limit < 0 || limit > lingerTime {
		limit = lingerTime
	}
	var end time.Time
	for turn := 1; ; turn++ {
		if anyMoved(watched) {
			return true
		}
		if turn%clockTurns == 0 {
			now := time.Now()
			if end.IsZero() {
				end = now.Add(limit)
			}
			if !now.Before(end) {
				return false
			}
		}
		yield()
	}
}

// yield lets other threads have the processor. A sender does so once in a ring of frames: as it never has to
// wait for anybody, receivers on its processor would not run for a whole time slice, and lose thousands.
func yield() {
	// Raw: Go's scheduler need not take the goroutine off its thread for this.
	unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0)
}

// anyBusy says whether one of the rings was busy since the last sleep, which is over with this call.
func anyBusy(watched [2][]*ring) bool {
	was := false
	for _, rings := range watched {
		for _, r := range rings {
			was = was || r.gained >= busy
			r.gained = 0
		}
	}
	return was
}

// anyMoved says whether the switch has moved one of the rings since the last sync.
func anyMoved(watched [2][]*ring) bool {
	for _, rings := range watched {
		for _, r := range rings {
			if r.moved() {
				return true
			}
		}
	}
	return false
}
