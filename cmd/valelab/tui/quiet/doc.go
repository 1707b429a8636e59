// Package quiet keeps bubbletea from asking the terminal for its colours when the
// program starts.
//
// bubbletea asks while it is initialized, whichever command is to run: a terminal
// that does not answer holds that up for five seconds, and what was typed ahead is
// lost. Its libraries ask no terminal where CI is in the environment, so this
// package has it there from before they are initialized until [Over].
//
// Of the packages that can be initialized Go takes the one whose import path comes
// first. This one needs os alone; bubbletea needs text/template, which needs os and
// comes later. It must not import more. A test of valelab on a terminal holds that.
package quiet
