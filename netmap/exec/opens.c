// The opens of /dev/netmap of all of the program's processes. A thread each waits for the end of the last
// descriptor and mapping of it.
#include "exec.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_OPENS 1024
#define DYING     UINT32_MAX
#define TOKEN     (0x6e6dull << 40) // no file is that long

static struct open opens[MAX_OPENS];
static _Atomic uint32_t counter;
static _Atomic uint32_t live;

bool open_any(void)
{
	return atomic_load(&live) > 0;
}

int nm_keep_fd(int *fd)
{
	(void)fd;
	return 0;
}

void nm_drop_fd(int *fd)
{
	close(*fd);
}

static bool grab(struct open *o)
{
	uint32_t refs = atomic_load(&o->refs);

	while (refs != 0 && refs != DYING)
		if (atomic_compare_exchange_weak(&o->refs, &refs, refs + 1))
			return true;
	return false;
}

void open_put(struct open *o)
{
	uint32_t refs = atomic_load(&o->refs);

	while (!atomic_compare_exchange_weak(&o->refs, &refs, refs == 1 ? DYING : refs - 1))
		;
	if (refs != 1)
		return;
	nm_unbind(&o->port);
	close(o->conn);
	atomic_fetch_sub(&live, 1);
	atomic_store(&o->refs, 0);
}

// The file's lock, as the program's description has it (set) or as the waiter wants it (wait).
static int lock(int fd, uint64_t token, int command)
{
	struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)token, .l_len = 1};
	int ret;

	do
		ret = fcntl(fd, command, &range);
	while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : 0;
}

// Another description of the file behind fd.
static int reopen(int fd)
{
	char path[64];
	int copy;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	copy = open(path, O_RDWR | O_CLOEXEC);
	return copy < 0 ? -errno : copy;
}

// A description for the program, locked and marked with the token. *watch is another for the waiter.
static int prepare(int file, uint64_t token, int *watch)
{
	int mine = reopen(file), theirs = reopen(file);
	int ret = mine < 0 ? mine : theirs < 0 ? theirs : lock(theirs, token, F_OFD_SETLK);

	if (ret == 0 && lseek(theirs, (off_t)token, SEEK_SET) < 0)
		ret = -errno;
	if (ret < 0) {
		if (mine >= 0)
			close(mine);
		if (theirs >= 0)
			close(theirs);
		return ret;
	}
	*watch = mine;
	return theirs;
}

static void *wait_for_end(void *arg)
{
	struct open *o = arg;
	bool moved;

	do {
		int file = atomic_load(&o->file);

		lock(file, o->token, F_OFD_SETLKW);
		moved = file != atomic_load(&o->file); // registered meanwhile: another file says it now
		close(file);
	} while (moved);
	atomic_store(&o->token, 0);
	open_put(o);
	return NULL;
}

struct open *open_new(const char *socket, int *file, int *error)
{
	pthread_attr_t small;
	pthread_t thread;
	struct open *o = NULL;
	int empty, watch = -1, conn = nm_connect(socket);

	*error = conn < 0 ? conn : -EMFILE;
	for (int i = 0; conn >= 0 && i < MAX_OPENS && o == NULL; i++) {
		uint32_t none = 0;

		if (atomic_compare_exchange_strong(&opens[i].refs, &none, 1))
			o = &opens[i];
	}
	if (o == NULL) {
		if (conn >= 0)
			close(conn);
		return NULL;
	}
	atomic_fetch_add(&live, 1);
	memset(&o->port, 0, sizeof(o->port));
	o->conn = conn;
	o->token = TOKEN + atomic_fetch_add(&counter, 1);
	empty = memfd_create("netmap", MFD_CLOEXEC);
	*file = empty < 0 ? -errno : prepare(empty, o->token, &watch);
	o->file = watch;
	if (empty >= 0)
		close(empty);
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 65536);
	pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
	if (*file >= 0 && pthread_create(&thread, &small, wait_for_end, o) == 0)
		return o;
	*error = *file < 0 ? *file : -EAGAIN;
	if (*file >= 0) {
		close(*file);
		close(watch);
	}
	o->token = 0;
	open_put(o);
	return NULL;
}

// The open is registered: from now on its descriptor is one of the region. The old one's end is none.
int open_moved(struct open *o, int *file)
{
	int watch, theirs = prepare(o->port.memfd, o->token, &watch);

	if (theirs < 0)
		return theirs;
	*file = theirs;
	o->file = watch;
	return 0;
}

struct open *open_hold(uint64_t token)
{
	for (int i = 0; i < MAX_OPENS; i++) {
		if (opens[i].token != token || !grab(&opens[i]))
			continue;
		if (opens[i].token == token)
			return &opens[i];
		open_put(&opens[i]);
	}
	return NULL;
}

struct open *open_find(int tid, int fd)
{
	uint64_t token;

	if (!open_any() || !process_file(tid, fd, &token, NULL) || token < TOKEN)
		return NULL;
	return open_hold(token);
}
