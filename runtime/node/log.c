// The command's output: a pipe that init copies to the file "log" of the
// node's private folder, which is standard error of init itself.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node.h"

static int source = -1;
static uint64_t size, limit; // of the log, bytes
static uint64_t lost;	     // bytes that could not be written

int node_log_open(uint64_t max, int *sink)
{
	struct stat s;
	int ends[2];

	if (fstat(FD_LOG, &s) != 0)
		return node_fail("log");
	if (pipe2(ends, O_CLOEXEC) != 0)
		return node_fail("pipe");
	if (fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0)
		return node_fail("pipe");
	size = (uint64_t)s.st_size;
	limit = max;
	source = ends[0];
	*sink = ends[1];
	return 0;
}

int node_log_source(void)
{
	return source;
}

// rotate makes log.1 of log. When it can't, the log grows on and the next
// chunk tries again.
static void rotate(void)
{
	int fd;

	if (renameat(FD_STATE, "log", FD_STATE, "log.1") != 0 && errno != ENOENT)
		return;
	fd = openat(FD_STATE, "log", O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (dup3(fd, FD_LOG, O_CLOEXEC) >= 0)
		size = 0;
	close(fd);
}

// put appends a chunk. A full file system costs output, never the command;
// the log says how much once there is room again.
static void put(const char *data, size_t count)
{
	if (lost > 0) {
		int n = node_warn("%llu bytes of output lost", (unsigned long long)lost);

		if (n > 0) {
			size += (uint64_t)n;
			lost = 0;
		}
	}
	while (count > 0) {
		ssize_t n = write(FD_LOG, data, count);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			lost += count;
			return;
		}
		size += (uint64_t)n;
		data += n;
		count -= (size_t)n;
	}
}

// node_log_take copies what the pipe holds, in so many chunks at most.
void node_log_take(int rounds)
{
	static char chunk[16384];

	while (rounds-- > 0) {
		ssize_t n = read(source, chunk, sizeof(chunk));

		if (n <= 0) // empty for now; the end never comes, as init holds both ends
			return;
		if (size > 0 && size + (uint64_t)n > limit)
			rotate();
		put(chunk, (size_t)n);
	}
}
