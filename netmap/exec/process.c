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

static int process_of(int tid)
{
	char path[64], text[4096], *at;

	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	if (read_file(path, text, sizeof(text)) <= 0 || (at = strstr(text, "\nTgid:")) == NULL)
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

bool process_file(int tid, int fd, uint64_t *position, bool *cloexec)
{
	char path[64], text[512];
	unsigned flags;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", tid, fd);
	if (read_file(path, text, sizeof(text)) <= 0 || sscanf(text, "pos: %lu flags: %o", position, &flags) != 2)
		return false;
	if (cloexec != NULL)
		*cloexec = flags & O_CLOEXEC;
	return true;
}
