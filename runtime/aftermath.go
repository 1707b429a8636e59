package runtime

import (
	"fmt"
	"slices"
)

// aftermath says what a deploy that was taken back has done to a running lab all
// the same: processes can't be made again as they were.
func aftermath(changes []*change, undone []string) []string {
	var all []string
	anew := make(map[string]bool)
	for _, c := range changes {
		if c.action == actRemove && c.old.Node != nil && slices.Contains(undone, removal(c.id)) {
			anew[c.old.Node.Name] = true
			all = append(all, fmt.Sprintf("node %s was started anew, with its old settings", c.old.Node.Name))
		}
	}
	for _, c := range changes {
		if c.old != nil && c.old.Access != nil && !anew[c.old.Access.Node] && slices.Contains(undone, removal(c.id)) {
			all = append(all, fmt.Sprintf("%s: programs that had ports on %s were detached", c.old.Access.Node, c.old.Access.As()))
		}
		if c.old == nil || c.old.Endpoint == nil || anew[c.old.Endpoint.Node] {
			continue
		}
		e := c.old.Endpoint
		removed := c.action == actRemove && slices.Contains(undone, removal(c.id))
		changed := c.action == actChange && slices.Contains(undone, c.id) && endpointSpec(e) != endpointSpec(c.new.Endpoint)
		if removed || changed {
			all = append(all, fmt.Sprintf("%s:%s was opened anew: programs that had it open were detached", e.Node, e.Interface))
		}
	}
	slices.Sort(all)
	return all
}
