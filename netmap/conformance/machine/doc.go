// Command machine is `make test-kernel`: it boots a kernel and a netmap module of the user's in an emulated
// machine and runs there what needs the real module: the conformance suite, the tests that are named TestKernel,
// every lab of process nodes with either backend, random operations on a lab, and the unloading of the module.
//
// The machine is qemu without KVM and has no disk: its root file system is an archive in memory, made anew each
// time of programs that are built here, all static: valelab, the tests, the suite, and an init (folder guest).
// From this machine come the kernel, the modules and busybox, for the commands of the labs.
//
// Here belongs what this machine does: building, packing, booting, and printing what comes back. What runs in the
// emulated machine stands in folder guest; what the two tell each other, in internal/report.
package main
