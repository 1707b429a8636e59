package agent

import (
	"os"
	"strconv"
)

// socketsNice is the nice value of the switches of a lab while nobody but
// sockets uses them. Where there are few processors they come before programs
// then, as the kernel's bridges do, whose work is done in softirqs. As an equal,
// a switch gets no more time than the program which sends, and loses what it has
// no time for; and the program which receives takes its place at each frame.
//
// With programs that have rings open a switch is an equal: it spins, and would
// take the time of those for whom it waits.
const socketsNice = -10

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
	nice := socketsNice
	if a.opens > 0 || !a.precede {
		nice = 0
	}
	if nice == a.nice {
		return
	}
	a.nice = nice
	_ = a.engine.SetNice(nice)
	// Where sessions are equals (autogroup, sched(7)), nice values count only within one. This one is the keeper's and
	// the agent's.
	_ = os.WriteFile("/proc/self/autogroup", []byte(strconv.Itoa(nice)), 0)
}
