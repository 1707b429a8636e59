package vale

import "fmt"

// Event says that a port has broken the rules of shared memory: the rings of all of its opens were taken away,
// and it is in socket mode again. The opens are still to be closed by who has them.
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
