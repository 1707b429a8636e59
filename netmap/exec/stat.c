// What the program learns of the device by its name or descriptor. All else the kernel says.
#include "exec.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool is_open(const struct seccomp_notif *n, int fd)
{
	struct open *o = open_find((int)n->pid, fd);

	if (o != NULL)
		open_put(o);
	return o != NULL;
}

static bool empty(const struct seccomp_notif *n, uint64_t path)
{
	char first;

	return path == 0 || (nm_read((int)n->pid, &first, path, 1) == 0 && first == '\0');
}

// Whether the arguments mean the device, by its path or, where flags have it, by a descriptor.
static bool means_device(const struct supervisor *s, const struct seccomp_notif *n, uint64_t path, int fd, uint64_t flags)
{
	if (flags & AT_EMPTY_PATH && empty(n, path))
		return is_open(n, fd);
	return is_device(n, path) && access(s->socket, F_OK) == 0;
}

static int64_t give(const struct seccomp_notif *n, uint64_t to, const void *what, size_t size)
{
	return nm_write((int)n->pid, to, what, size) < 0 ? -EFAULT : 0;
}

int64_t stat_for(const struct supervisor *s, const struct seccomp_notif *n)
{
	const __u64 *arg = n->data.args;
	struct statx stx;
	struct stat st;

	nm_device_stat(&st);
	switch (n->data.nr) {
	case __NR_fstat:
		return is_open(n, (int)arg[0]) ? give(n, arg[1], &st, sizeof(st)) : GO_ON;
	case __NR_stat:
	case __NR_lstat:
		return means_device(s, n, arg[0], -1, 0) ? give(n, arg[1], &st, sizeof(st)) : GO_ON;
	case __NR_newfstatat:
		return means_device(s, n, arg[1], (int)arg[0], arg[3]) ? give(n, arg[2], &st, sizeof(st)) : GO_ON;
	case __NR_statx:
		nm_device_statx(&stx);
		return means_device(s, n, arg[1], (int)arg[0], arg[2]) ? give(n, arg[4], &stx, sizeof(stx)) : GO_ON;
	}
	return GO_ON;
}

int64_t access_for(const struct supervisor *s, const struct seccomp_notif *n)
{
	bool at = n->data.nr != __NR_access;
	uint64_t flags = n->data.nr == __NR_faccessat2 ? n->data.args[3] : 0;

	if (!means_device(s, n, n->data.args[at], (int)n->data.args[0], flags))
		return GO_ON;
	return n->data.args[at + 1] & X_OK ? -EACCES : 0;
}
