// Package tui is the terminal UI of `valelab top`.
//
// There is one root model, [Model]. Its Update is pure: it reads no clock, no file and no socket; what must be
// asked or done goes out as a command to a [Source] and comes back as a message (messages.go). So every screen
// can be drawn from recorded messages: golden_test.go does.
//
//	model.go     the model and what messages do to it
//	input.go     keys and mouse; keys.go: the key map, of which the help is made; actions.go: what they do;
//	             prompt.go: questions in the last line
//	view.go      the frame around a screen
//	screens.go   which screens there are; overview.go, rings.go, ... one each
//	table.go     lists: columns that fall away by priority, cursor, filter, sort
//	row.go       writing text of a fixed width
//	theme.go     colours, which are never the only signal
//	source.go    what the model asks the world
//	quiet/       keeps bubbletea from asking the terminal at every start of valelab
//
// What does not belong here: asking the agent (command top does that), and what the numbers mean (package
// sample). What comes from a node, its name or its log, is shown and never sent to the terminal as it is:
// row.go lets no control character through.
package tui
