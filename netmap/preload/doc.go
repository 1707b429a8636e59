// Package preload carries the preload library: with LD_PRELOAD it gives /dev/netmap to a program that knows nothing
// of valelab, out of the switch that the node's socket leads to.
//
// The library is C, in src, and no part of any Go program: one shared object for glibc and musl. "make" builds it
// with build.sh into lib before it builds valelab, which embeds that folder, so that one static program carries
// everything. A program built by "go build" alone works, but has no library to give to nodes (Library says so).
// Tests build the library themselves and do not depend on lib.
//
// In src, client.h is a program's side of the switch's protocol: connecting, requests, syncs. It knows nothing of
// descriptors, and package exec uses it too. preload.h is what interposes: the table of descriptors, and a file
// for each group of libc's functions. The descriptor that a program gets is its connection to the switch, so that
// last close, fork, dup, SCM_RIGHTS and kill -9 mean what they mean for the module, by the kernel's own means.
// The library keeps no state of rings: all of it is in the region.
//
// Known limits: functions of libc that call others of libc inside (fopen of /dev/netmap) are not seen; an epoll that
// watches ports does not show as readable in a poll, select or epoll of the epoll itself; io_uring and aio know nothing of
// ports; one that has come from another process is waited for once it was mapped, or asked for something.
package preload
