package topology

import (
	"strconv"
	"strings"
	"time"
)

// restartPolicy reads a restart policy as Docker spells them: no, always,
// unless-stopped, on-failure or on-failure:3.
func (r *reader) restartPolicy(v item, what string) (RestartPolicy, bool) {
	text, ok := r.text(v, what)
	if !ok {
		return RestartPolicy{}, false
	}
	p, ok := parseRestart(strings.ToLower(text))
	if !ok {
		r.fault(v.at, "write no, on-failure, on-failure:3, always or unless-stopped",
			"%s %s is not a restart policy", what, quote(text))
	}
	return p, ok
}

func parseRestart(text string) (RestartPolicy, bool) {
	switch text {
	case RestartNo, RestartOnFailure, RestartAlways, RestartUnlessStopped:
		return RestartPolicy{Name: text}, true
	}
	number, ok := strings.CutPrefix(text, RestartOnFailure+":")
	n, err := strconv.ParseUint(number, 10, 31)
	if !ok || err != nil {
		return RestartPolicy{}, false
	}
	return RestartPolicy{Name: RestartOnFailure, Max: int(n)}, true
}

// maxStartupDelay is a day, in seconds.
const maxStartupDelay = 24 * 60 * 60

// seconds is a time in whole seconds.
type seconds int

func (s seconds) duration() time.Duration { return time.Duration(s) * time.Second }

// startupDelay reads how long the start of a node's command is put off.
func (r *reader) startupDelay(v item, what string) (seconds, bool) {
	n, ok := r.integer(v, what, 0, maxStartupDelay)
	return seconds(n), ok
}

// hostname reads the host name of a node.
func (r *reader) hostname(v item, what string) (string, bool) {
	text, ok := r.text(v, what)
	if !ok {
		return "", false
	}
	if err := nameError(text, maxNodeName); err != nil {
		r.fault(v.at, "", "%s %s %v", what, quote(text), err)
		return "", false
	}
	return text, true
}
