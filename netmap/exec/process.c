// What we learn of the program's descriptors. A notification names a thread, which /proc knows as well.
#include "exec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PIDFD_THREAD_ O_EXCL

static ssize_t read_file(const char *path, char *to, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, to, size - 1);
	close(fd);
	if (n >= 0)
		to[n] = '\0';
	return n;
}

bool process_status(int tid, char *to, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	return read_file(path, to, size) > 0;
}

static int process_of(int tid)
{
	char text[4096], *at;

	if (!process_status(tid, text, sizeof(text)) || (at = strstr(text, "\nTgid:")) == NULL)
		return tid;
	return atoi(at + 6);
}

int process_descriptor(int tid, int fd)
{
	long process = syscall(__NR_pidfd_open, tid, PIDFD_THREAD_), copy;

	if (process < 0)
		process = syscall(__NR_pidfd_open, process_of(tid), 0);
	if (process < 0)
		return -errno;
	copy = syscall(__NR_pidfd_getfd, process, fd, 0);
	if (copy < 0)
		copy = -errno;
	close((int)process);
	return (int)copy;
}

bool process_has(int tid, int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", tid, fd);
	return access(path, F_OK) == 0;
}

// What /proc says of a descriptor, read again each time: the file stays open meanwhile, since finding it costs more
// than all else of a sync. A number that has become another file's says so; one of a thread that is gone says nothing.
#define KEPT 16

static __thread struct {
	int tid, fd, file;
} kept[KEPT];

static ssize_t read_fdinfo(int tid, int fd, char *to, size_t size)
{
	__typeof__(kept[0]) *k = &kept[(unsigned)(tid * 7 + fd) % KEPT];
	bool same = k->tid == tid && k->fd == fd;
	char path[64];
	ssize_t n = same ? pread(k->file, to, size - 1, 0) : 0;

	if (n <= 0) {
		snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", tid, fd);
		if (k->tid != 0)
			close(k->file);
		k->tid = 0;
		k->file = open(path, O_RDONLY | O_CLOEXEC);
		if (k->file < 0)
			return -errno;
		k->tid = tid;
		k->fd = fd;
		n = pread(k->file, to, size - 1, 0);
	}
	to[n > 0 ? n : 0] = '\0';
	return n;
}

bool process_file(int tid, int fd, uint64_t *position, bool *cloexec)
{
	static const char first[] = "pos:\t", second[] = "\nflags:\t";
	char text[512], *end;

	if (read_fdinfo(tid, fd, text, sizeof(text)) <= 0 || strncmp(text, first, sizeof(first) - 1) != 0)
		return false;
	*position = strtoull(text + sizeof(first) - 1, &end, 10);
	if (strncmp(end, second, sizeof(second) - 1) != 0)
		return false;
	if (cloexec != NULL)
		*cloexec = strtoul(end + sizeof(second) - 1, NULL, 8) & O_CLOEXEC;
	return true;
}

bool process_info(int tid, int fd, char *to, size_t size)
{
	return read_fdinfo(tid, fd, to, size) > 0;
}
