// Package exec runs netmap programs that the preload library can't reach: static ones, and Go programs, which make
// their system calls themselves. It is valelab netmap-exec.
//
// The program runs under a seccomp filter that stops the few system calls that may mean /dev/netmap and tells us;
// we carry them out and answer, or let the kernel go on. All else costs nothing. Kernels from 5.14 on can do it, and
// from 6.6 on do it without a detour through another processor.
//
//	netmap-exec (supervisor) ──fork, seccomp, exec──> the program
//	     ^  <── open, stat, ioctl, mmap, poll, epoll ─────┘
//	     └── the connection to the switch, one an open
//
// The descriptor that the program gets is the region's memfd, so that its mmap is the kernel's own; before the open
// is registered, an empty one. Its number is one of the last that select can name, so that the filter knows it.
// Its file position, which the program has no use for, says which open it is. A lock on it says that it is in use:
// the kernel lets go of it with the last descriptor and mapping, however the program ends, and then the supervisor
// closes the port. What the program's processes share, inherit or pass on is thus right by itself.
//
// The supervisor is the program's parent: it passes signals on, ends with its status, and stays as long as
// processes of the program do. If it is killed, the program is, too. Setuid programs get no privilege below it.
//
// What belongs here: the filter, the supervisor, and finding out who needs it. The protocol is shared with the
// library (netmap/preload/src, client.h).
//
// Known limits: a copy that is made before the open is registered stays one of the empty file; one at a number that
// the program asks for can be read as the memory that it is. A signal ends a wait up to 50 ms late, and if
// two threads wait with a mask for the same signal of their process, one may miss what its ports get meanwhile.
// An epoll that has ports does not tell of a signalfd. A program that changes its user, or makes itself undumpable, is out
// of reach but for CAP_SYS_PTRACE (cap-add): its ports tell of nothing then.
// In a container the engine's own seccomp profile forbids pidfd_getfd: there, what has to know the program's other
// descriptors (an epoll with ports, a poll of ports beside others, copies of ports) fails with EPERM. Containers of
// labs have a profile that allows it.
package exec
