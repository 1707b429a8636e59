// The node's own /dev: what every program may have, and no hardware.
#include <errno.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "node.h"

static const struct {
	const char *path;
	unsigned major, minor;
} nodes[] = {
	{"/dev/null", 1, 3},   {"/dev/zero", 1, 5},    {"/dev/full", 1, 7},
	{"/dev/random", 1, 8}, {"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0},
};

static const struct {
	const char *target, *path;
} links[] = {
	{"/proc/self/fd", "/dev/fd"},	    {"/proc/self/fd/0", "/dev/stdin"},
	{"/proc/self/fd/1", "/dev/stdout"}, {"/proc/self/fd/2", "/dev/stderr"},
	{"pts/ptmx", "/dev/ptmx"},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int make_entries(void)
{
	for (size_t i = 0; i < COUNT(nodes); i++) {
		dev_t device = makedev(nodes[i].major, nodes[i].minor);

		// The mode is set apart: mknod's is cut by the umask.
		if (mknod(nodes[i].path, S_IFCHR | 0600, device) != 0 || chmod(nodes[i].path, 0666) != 0)
			return node_fail("%s", nodes[i].path);
	}
	for (size_t i = 0; i < COUNT(links); i++)
		if (symlink(links[i].target, links[i].path) != 0)
			return node_fail("%s", links[i].path);
	if (mkdir("/dev/pts", 0755) != 0 || mkdir("/dev/shm", 0755) != 0 ||
	    mkdir("/dev/mqueue", 0755) != 0)
		return node_fail("folders of /dev");
	return 0;
}

int node_devices(void)
{
	const unsigned long quiet = MS_NOSUID | MS_NODEV | MS_NOEXEC;

	if (node_mount("tmpfs", "/dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755,size=64k") != 0)
		return -1;
	if (make_entries() != 0)
		return -1;
	if (node_mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
		       "newinstance,ptmxmode=0666,mode=0620,gid=5") != 0)
		return -1;
	if (node_mount("shm", "/dev/shm", "tmpfs", quiet, "mode=1777,size=64m") != 0)
		return -1;
	// A kernel may be built without POSIX message queues.
	if (node_mount("mqueue", "/dev/mqueue", "mqueue", quiet, NULL) != 0 && errno != ENODEV)
		return -1;
	return 0;
}
