// The status file, "STATE PID CODE SIGNAL RESTARTS SECONDS", replaced as a
// whole at each change.
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "node.h"

static int replace(const char *line, size_t count)
{
	int fd = openat(FD_STATE, "status.tmp", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = write(fd, line, count);
	if (close(fd) != 0 || n != (ssize_t)count)
		return -1;
	return renameat(FD_STATE, "status.tmp", FD_STATE, "status");
}

int node_status_write(const struct status *s)
{
	char line[128];
	int count = snprintf(line, sizeof(line), "%s %d %d %d %u %lld\n", s->state, s->pid, s->code,
			     s->signal, s->restarts, (long long)s->since);

	return replace(line, (size_t)count) == 0 ? 0 : node_fail("cannot write the status");
}
