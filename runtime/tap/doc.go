// Package tap copies the frames of ports on netmap's module for a reader, as package vale does for those of the
// user-space switch.
//
// A port there is a network device or, in its place, what a program has open. Frames of the device come from a packet
// socket; those of programs, from a monitor of the port. Who uses the package says when the one or the other is the
// port.
//
// What belongs here: getting copies, in memory that is bounded. What does not: which port is what and when (package
// agent), filters, and how frames are written.
package tap
