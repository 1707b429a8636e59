package tui

// screen is one of the screens.
type screen int

const (
	screenOverview screen = iota
	screenSwitches
	screenRings
	screenTopology
	screenNodes
	screenCaptures
	screenEvents
	numTabs // those behind it have no tab

	screenRing screen = iota - 1 // one ring, slot by slot
	screenLog
	screenHelp
)

var screenTitles = map[screen]string{
	screenOverview: "Overview", screenSwitches: "Switches", screenRings: "Rings", screenTopology: "Topology",
	screenNodes: "Nodes", screenCaptures: "Captures", screenEvents: "Events",
	screenRing: "Ring", screenLog: "Log", screenHelp: "Help",
}

// table is the table of the screen that is shown; nil: it has none.
func (m *Model) table() view {
	switch m.screen {
	case screenOverview:
		return &m.busy
	case screenSwitches:
		return &m.switches
	case screenRings:
		return &m.rings
	case screenTopology:
		return &m.tree
	case screenNodes:
		return &m.nodes
	case screenCaptures:
		return &m.captures
	case screenEvents:
		return &m.events
	}
	return nil
}

// body draws the screen into so many lines.
func (m *Model) body(width, height int) []string {
	switch m.screen {
	case screenOverview:
		return m.drawOverview(width, height)
	case screenNodes:
		return m.drawNodes(width, height)
	case screenRing:
		return m.drawRing(width, height)
	case screenLog:
		return m.drawLog(width, height)
	case screenHelp:
		return m.drawHelp(width, height)
	}
	return m.table().draw(m.theme, width, height)
}

// open goes to a screen from which esc leads back.
func (m *Model) open(s screen) {
	if m.screen != s {
		m.back = append(m.back, m.screen)
		m.screen = s
	}
	m.scrolled = 0
	m.fill()
}

// tab goes to a screen of its own.
func (m *Model) tab(s screen) {
	m.screen, m.back, m.scrolled = (s+numTabs)%numTabs, nil, 0
	m.fill()
}

// leave goes back.
func (m *Model) leave() {
	if n := len(m.back); n > 0 {
		m.screen, m.back = m.back[n-1], m.back[:n-1]
		m.scrolled = 0
		m.fill()
	}
}

// onNode is the node that the screen is about, and onPort the endpoint; "" where there is none.
func (m *Model) onNode() string {
	switch m.screen {
	case screenNodes:
		if n := m.nodes.selected(); n != nil {
			return n.Name
		}
	case screenTopology:
		if row := m.tree.selected(); row != nil {
			return row.node
		}
	case screenLog:
		return m.node
	case screenOverview:
		if r := m.busy.selected(); r != nil {
			return r.Node
		}
	case screenRings:
		if r := m.rings.selected(); r != nil {
			return r.Node
		}
	case screenRing:
		if r := m.ring(); r != nil {
			return r.Node
		}
	}
	return ""
}

// hasNodes says that the rows of the screen belong to nodes, so that l is a log there and not right.
func (m *Model) hasNodes() bool {
	switch m.screen {
	case screenNodes, screenTopology, screenRings, screenOverview, screenRing, screenLog:
		return true
	}
	return false
}

func (m *Model) onPort() string {
	switch m.screen {
	case screenOverview:
		if r := m.busy.selected(); r != nil && r.Mode != "trunk" {
			return portOf(r)
		}
	case screenRings:
		if r := m.rings.selected(); r != nil && r.Mode != "trunk" {
			return portOf(r)
		}
	case screenRing:
		if r := m.ring(); r != nil && r.Mode != "trunk" {
			return portOf(r)
		}
	case screenTopology:
		if row := m.tree.selected(); row != nil {
			return row.port
		}
	}
	return ""
}
