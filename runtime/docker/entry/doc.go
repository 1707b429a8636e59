// Package entry is process 1 of a container until the container's command may
// start: a small C program inside this very binary. An ELF constructor takes
// over, before the Go runtime starts, when the binary runs as
//
//	/run/valelab/bin/valelab valelab-entry COMMAND...
//
// The engine starts it with the image's user, working folder and environment,
// so that it has nothing to set up. It connects to the socket [Gate] in the
// folder that is bound into the container and waits for one byte, which the
// lab's agent sends once the container's endpoints are there; then it becomes
// the command. While nobody listens (no agent runs yet after a reboot, or one
// is being replaced) it tries again. It needs no privilege, no libc and no shell
// in the image.
//
// Without a command it stands there, reaps what ends in the container and ends
// when it is told to.
//
// Who connects is known to the agent from the kernel (SO_PEERCRED): nothing
// that is said by the other side is believed.
package entry
