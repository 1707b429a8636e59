/*
 * Connecting to the switch. The connection is the descriptor that the program gets, so that last close, fork,
 * dup, SCM_RIGHTS and sudden death are the kernel's affair. It is bound to a name of its own first: by that, any
 * process that comes by the descriptor knows it for what it is.
 */
#include "client.h"
#include "sys.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#define PREFIX "valelab-netmap-" /* after the NUL of an abstract address */
#define DIGITS 16
#define NAME_LEN (offsetof(struct sockaddr_un, sun_path) + 1 + sizeof(PREFIX) - 1 + DIGITS)

#define PATIENCE 2000000000u /* ns: an agent that died is replaced within a second */
#define PAUSE    10000000    /* ns between two attempts */

static int bind_name(int fd)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	char *at = name.sun_path + 1 + sizeof(PREFIX) - 1;
	uint64_t random;
	long ret;

	nm_copy(name.sun_path + 1, PREFIX, sizeof(PREFIX) - 1);
	do {
		if (sys(__NR_getrandom, &random, sizeof(random), 0) != sizeof(random))
			return -EIO;
		for (int i = 0; i < DIGITS; i++)
			at[i] = "0123456789abcdef"[random >> (4 * i) & 15];
		ret = sys(__NR_bind, fd, &name, NAME_LEN);
	} while (ret == -EADDRINUSE);
	return (int)ret;
}

/* A path that is too long for an address is reached through its folder. */
static int address(const char *path, struct sockaddr_un *to, int *folder)
{
	static const char proc[] = "/proc/self/fd/";
	size_t len = 0, slash = 0, n = 0, digits = 1;
	char dir[4096];

	for (; path[len] != '\0'; len++)
		if (path[len] == '/')
			slash = len;
	if (len < sizeof(to->sun_path)) {
		nm_copy(to->sun_path, path, len + 1);
		return 0;
	}
	if (slash >= sizeof(dir))
		return -ENAMETOOLONG;
	nm_copy(dir, path, slash);
	dir[slash] = '\0';
	*folder = (int)sys(__NR_openat, AT_FDCWD, slash == 0 ? "/" : dir, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	if (*folder < 0)
		return *folder;
	nm_copy(to->sun_path, proc, sizeof(proc) - 1);
	n = sizeof(proc) - 1;
	for (int f = *folder; f >= 10; f /= 10)
		digits++;
	for (int f = *folder, i = (int)digits - 1; i >= 0; i--, f /= 10)
		to->sun_path[n + (size_t)i] = (char)('0' + f % 10);
	n += digits;
	if (n + len - slash >= sizeof(to->sun_path))
		return -ENAMETOOLONG;
	nm_copy(to->sun_path + n, path + slash, len - slash + 1);
	return 0;
}

static int attempt(const char *path)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int folder = -1, fd, ret;

	fd = (int)sys(__NR_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fd;
	ret = bind_name(fd);
	if (ret == 0)
		ret = address(path, &to, &folder);
	while (ret == 0 && (ret = (int)sys(__NR_connect, fd, &to, sizeof(to))) == -EINTR)
		ret = 0;
	if (folder >= 0)
		sys_close(folder);
	if (ret == -EISCONN)
		ret = 0;
	if (ret < 0) {
		sys_close(fd);
		return ret;
	}
	return fd;
}

/* The descriptor is close-on-exec. */
int nm_connect(const char *path)
{
	struct timespec pause = {.tv_nsec = PAUSE};
	uint64_t begin = nm_now();
	int fd;

	nm_may_wait();
	while ((fd = attempt(path)) == -ECONNREFUSED && nm_now() - begin < PATIENCE)
		sys(__NR_nanosleep, &pause, NULL);
	return fd;
}

bool nm_is_connection(int fd)
{
	struct sockaddr_un name;
	uint32_t len = sizeof(name);

	if (sys(__NR_getsockname, fd, &name, &len) < 0 || len != NAME_LEN || name.sun_family != AF_UNIX)
		return false;
	return name.sun_path[0] == '\0' && __builtin_memcmp(name.sun_path + 1, PREFIX, sizeof(PREFIX) - 1) == 0;
}
