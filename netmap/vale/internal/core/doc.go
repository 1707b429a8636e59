// Package core is the C core of the switch and its Go face: thin types over the C structures, and the layout
// of a switch's persistent state.
//
// Unless said otherwise a function is to be called by the thread that runs the worker, or by any one
// goroutine while none does: Run, Step and all changes to switches, ports and rings exclude each other. What
// belongs here is what happens for every frame, and what touches the C structures; names, geometry, files
// and policy belong to package vale.
package core
