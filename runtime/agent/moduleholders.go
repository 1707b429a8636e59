package agent

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"

	"github.com/valelab/valelab/netmap/kernel"
)

// stale says why a program may be behind another port than the endpoint that has just been attached, or nothing. A port
// is a program's as long as it wants: on the module nobody can take it away.
func (p *modulePort) stale() string {
	n := p.agent.nodes[p.endpoint.Node]
	again := ": valelab restart " + p.endpoint.Node
	if on := p.elsewhere(); on != "" {
		return "a program still has the port that it opened on " + on + again
	}
	if p.place != onSwitch || n == nil || n.spec.PID == 0 {
		return ""
	}
	for _, e := range p.agent.endpoints {
		if e.Node == n.name && e.module != nil && e.module != p && e.mode() == ModeNetmap {
			return "" // what is open may be that one's
		}
	}
	if holdsModule(n.spec.PID) {
		return "a program still has a port of a lab that is no more" + again
	}
	return ""
}

// lookForStale takes back what stale has said where it does not hold any more.
func (a *agent) lookForStale() {
	for _, e := range a.endpoints {
		if p := e.module; p != nil && p.isStale {
			e.fault = p.stale()
			p.isStale = e.fault != ""
		}
	}
}

// holdsModule says whether a process, or one that descends from it, has netmap's device open.
func holdsModule(pid int) bool {
	queue := []int{pid}
	for i := 0; i < len(queue) && i < 10_000; i++ {
		proc := "/proc/" + strconv.Itoa(queue[i])
		fds, _ := filepath.Glob(proc + "/fd/*") // of a process that has just ended there are none
		for _, fd := range fds {
			if target, err := os.Readlink(fd); err == nil && target == kernel.Path {
				return true
			}
		}
		tasks, _ := filepath.Glob(proc + "/task/*/children")
		for _, task := range tasks {
			children, _ := os.ReadFile(task)
			for _, word := range bytes.Fields(children) {
				if child, err := strconv.Atoi(string(word)); err == nil {
					queue = append(queue, child)
				}
			}
		}
	}
	return false
}
