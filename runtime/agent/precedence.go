package agent

import (
	"os"
	"strconv"

	"github.com/valelab/valelab/netmap/vale"
)

// A precedence says how far the switches of a lab come before programs, in nice
// values: of their threads, and of the session that is the keeper's and the
// agent's. Where sessions are equals (autogroup, sched(7)), the threads' values
// count only within one.
type precedence struct{ threads, session int }

var (
	// While nobody but sockets uses the switches: where there are few processors
	// they come before programs then, as the kernel's bridges do, whose work is done
	// in softirqs. As an equal, a switch gets no more time than the program which
	// sends, and loses what it has no time for; and the program which receives takes
	// its place at each frame.
	ofSockets = precedence{-10, -10}

	// With programs that have rings open a switch spins, and would take the time of
	// those for whom it waits: it has a little more weight than they, no more.
	ofRings = precedence{vale.Nice, 0}
)

// startPrecedence is called once the lab is restored, in a process of the agent's
// own.
func (a *agent) startPrecedence() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.precede = true
	a.setPrecedence()
}

// setPrecedence gives the switches the precedence that they are to have. It is
// called when the number of programs that have rings open has changed. Where it
// is not permitted, they do without.
func (a *agent) setPrecedence() {
	p := ofSockets
	if a.opens > 0 {
		p = ofRings
	}
	if !a.precede || p == a.precedence {
		return
	}
	a.precedence = p
	_ = a.engine.SetNice(p.threads)
	_ = os.WriteFile("/proc/self/autogroup", []byte(strconv.Itoa(p.session)), 0)
}
