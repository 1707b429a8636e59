// The loopback interface and the kernel settings of the node's namespaces.
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "node.h"

int node_write_file(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return node_fail("%s", path);
	do
		n = write(fd, value, strlen(value));
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)strlen(value)) {
		node_fail("cannot write %s to %s", value, path);
		close(fd);
		return -1;
	}
	return close(fd) == 0 ? 0 : node_fail("%s", path);
}

static int loopback_up(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_LOOPBACK};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return node_fail("socket");
	if (ioctl(fd, SIOCSIFFLAGS, &request) != 0) {
		node_fail("cannot bring lo up");
		close(fd);
		return -1;
	}
	return close(fd) == 0 ? 0 : node_fail("socket");
}

// own_settings are those that every node has: anybody may ping, as in Docker,
// and addresses are usable at once, since a lab has no duplicates.
static int own_settings(void)
{
	if (node_write_file("/proc/sys/net/ipv4/ping_group_range", "0 2147483647") != 0)
		return -1;
	if (access("/proc/sys/net/ipv6", F_OK) != 0) // a kernel without IPv6
		return errno == ENOENT ? 0 : node_fail("/proc/sys/net/ipv6");
	if (node_write_file("/proc/sys/net/ipv6/conf/default/dad_transmits", "0") != 0)
		return -1;
	return node_write_file("/proc/sys/net/ipv6/conf/default/accept_dad", "0");
}

// apply sets one "PATH=VALUE" of the lab file.
static int apply(const char *sysctl)
{
	const char *equals = strchr(sysctl, '=');
	char path[512];
	int length;

	if (equals == NULL) {
		errno = EINVAL;
		return node_fail("%s", sysctl);
	}
	length = snprintf(path, sizeof(path), "/proc/sys/%.*s", (int)(equals - sysctl), sysctl);
	if (length < 0 || (size_t)length >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return node_fail("%s", sysctl);
	}
	return node_write_file(path, equals + 1);
}

int node_settings(const struct config *c)
{
	if (loopback_up() != 0 || own_settings() != 0)
		return -1;
	if (node_write_file("/sys/class/net/lo/ifalias", c->alias) != 0)
		return -1;
	for (size_t i = 0; i < c->sysctls.count; i++)
		if (apply(c->sysctls.items[i]) != 0)
			return -1;
	return 0;
}
