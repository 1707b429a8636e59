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
void open_put(struct open *o);
int open_moved(struct open *o, int *file); // a new file for the program, of the region

// answer.c: one notification.
struct supervisor {
	int listener;
	uint32_t first_fd;
	const char *socket;
};
void answer(struct supervisor *s, struct seccomp_notif *n);
bool still_there(struct supervisor *s, uint64_t id);

// poll.c: on behalf of a program; the result, or go_on.
#define GO_ON INT64_MIN
int64_t poll_for(struct supervisor *s, struct seccomp_notif *n);
int64_t select_for(struct supervisor *s, struct seccomp_notif *n);

// process.c
int process_descriptor(int tid, int fd); // a duplicate of the program's, or -errno
bool process_has(int tid, int fd);
bool process_file(int tid, int fd, uint64_t *position, bool *cloexec);

// static.c
bool program_is_static(const char *path);

// supervise.c
int supervise(const char *path, char **argv);

#endif
