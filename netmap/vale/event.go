package vale

import "fmt"

// Event says that a port has broken the rules of shared memory: all of its opens were closed, and it is in
// socket mode again.
type Event struct {
	Switch string
	Port   string
	Host   bool   // the ring at fault: a host ring
	Ring   int    // its number
	Dir    string // "tx" or "rx"
	Reason string
}

// String returns the event as one line.
func (e Event) String() string {
	host := ""
	if e.Host {
		host = "host "
	}
	return fmt.Sprintf("switch %s: port %s detached: %s%s ring %d: %s", e.Switch, e.Port, host, e.Dir, e.Ring, e.Reason)
}
