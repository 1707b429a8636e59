// Package kernel is netmap's own device, /dev/netmap: control requests to the module, and the registration
// of rings, as package vale and serve have them for the user-space switch.
//
// A Device is a descriptor. What a request names is looked up in the network namespace of the thread that
// makes it: the caller sees to it that the thread is in the right one. The module checks no privilege
// beyond that to open the device.
//
// Persistent ports are left alone: once one of them that is on a switch is opened, the module may lose its
// name there, and neither port nor module can be removed any more. An ephemeral port, made by Register,
// lives as long as its descriptor and goes with it.
//
// What belongs here: requests, their bytes, and what the module's answers mean. What does not: rings and
// frames (package netmap), which device is on which switch of a lab (runtime), the module's parameters.
package kernel
