// The supervisor of a program that makes its system calls itself.
#ifndef VALELAB_NETMAP_EXEC_H
#define VALELAB_NETMAP_EXEC_H

#include "client.h"


#include <linux/seccomp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What a newer kernel has than the headers may. */
#ifndef SECCOMP_ADDFD_FLAG_SEND
#define SECCOMP_ADDFD_FLAG_SEND (1UL << 1)
#endif
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
#define FLAG_SYNC_WAKE_UP (1UL << 0)
#define IOCTL_SET_FLAGS   SECCOMP_IOW(4, __u64)

/* Numbers of the descriptors that programs get. */
#define FDS 64

// filter.c
int filter_install(uint32_t first_fd); // the listener, or -errno

// launch.c: runs in the child and does not return.
void launch(const char *path, char **argv, uint32_t first_fd, int channel);
int launch_receive(int channel);

// opens.c: the opens of /dev/netmap that live.
struct open {
	struct nm_port port;
	_Atomic uint32_t refs; // 0: free
	_Atomic uint64_t token; // file position of its descriptors; 0: there are none any more
	_Atomic int file;       // what the waiter waits for
	int conn;               // connection to the switch
};
struct open *open_new(const char *socket, int *file, int *error);
struct open *open_find(int tid, int fd);
struct open *open_hold(uint64_t token); // NULL: it is no more
void open_put(struct open *o);
bool open_any(void); // there are some
int open_moved(struct open *o, int *file); // a new file for the program, of the region

// answer.c: one notification.
struct supervisor {
	int listener;
	uint32_t first_fd;
	const char *socket;
};
void answer(struct supervisor *s, struct seccomp_notif *n);
bool still_there(struct supervisor *s, uint64_t id);
void reply(struct supervisor *s, uint64_t id, int64_t result);
bool is_device(const struct seccomp_notif *n, uint64_t path);

// On behalf of a program: the result, or GO_ON.
#define GO_ON    INT64_MIN
#define ANSWERED (INT64_MIN + 1) // it has its answer already
// poll.c
int64_t poll_for(struct supervisor *s, struct seccomp_notif *n);
int64_t select_for(struct supervisor *s, struct seccomp_notif *n);
int timeout_at(int tid, uint64_t at, bool micro, int64_t *ns); // -1: for ever
// epoll.c
int64_t epoll_control_for(const struct seccomp_notif *n);
int64_t epoll_wait_for(struct supervisor *s, const struct seccomp_notif *n);
// signal.c: one that waits, and its signals.
struct wait {
	int tid;
	bool masked;
	uint64_t mask; // blocked while it waits
	int64_t nap;
};
int wait_begin(struct wait *w, const struct seccomp_notif *n, uint64_t mask, uint64_t size); // mask: its address
int64_t wait_nap(struct wait *w, int64_t left); // how long to sleep until the next look
int64_t wait_over(struct supervisor *s, const struct seccomp_notif *n, const struct wait *w); // 0: not yet
uint64_t signalfd_mask(int fd);
bool signals_wait(int tid, uint64_t mask); // some of them are there for this thread
void hide_begin(void); // the program's arguments are changed
void hide_wait(const struct wait *w); // until the kernel has gone on with the call
void hide_end(void); // they are as they were
void hide_none(void); // waits until they are
// stat.c
int64_t stat_for(const struct supervisor *s, const struct seccomp_notif *n);
int64_t access_for(const struct supervisor *s, const struct seccomp_notif *n);

// process.c
int process_descriptor(int tid, int fd); // a duplicate of the program's, or -errno
bool process_has(int tid, int fd);
bool process_status(int tid, char *to, size_t size);
bool process_file(int tid, int fd, uint64_t *position, bool *cloexec);
bool process_info(int tid, int fd, char *to, size_t size); // all that is known of it

// static.c
struct program {
	bool own_calls; // it makes its system calls itself: it is static, or Go's
	bool loads;     // it has a dynamic linker, which loads libraries
};
struct program program_at(const char *path);

// supervise.c
int supervise(const char *path, char **argv);

#endif
