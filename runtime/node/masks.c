// What the node must not see, and what it may only read. The lists of /proc
// and /sys are Docker's.
#include <errno.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "node.h"

static const char *const masked[] = {
	"/proc/acpi",	       "/proc/asound",	    "/proc/interrupts",
	"/proc/kcore",	       "/proc/keys",	    "/proc/latency_stats",
	"/proc/sched_debug",   "/proc/scsi",	    "/proc/timer_list",
	"/proc/timer_stats",   "/sys/firmware",	    "/sys/devices/virtual/powercap",
	NULL,
};

static const char *const read_only[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL,
};

// empty is the first folder that was covered: further ones show the same empty
// file system.
static int mask(const char *path, const char **empty)
{
	struct stat s;

	if (stat(path, &s) != 0)
		return errno == ENOENT ? 0 : node_fail("%s", path);
	if (!S_ISDIR(s.st_mode))
		return node_mount("/dev/null", path, NULL, MS_BIND, NULL);
	if (*empty != NULL)
		return node_mount(*empty, path, NULL, MS_BIND, NULL);
	*empty = path;
	return node_mount("tmpfs", path, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
			  "mode=755,size=4k");
}

static int make_read_only(const char *path)
{
	struct stat s;

	if (stat(path, &s) != 0)
		return errno == ENOENT ? 0 : node_fail("%s", path);
	if (node_mount(path, path, NULL, MS_BIND, NULL) != 0)
		return -1;
	return node_bind_again(path, MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC);
}

int node_masks(const struct config *c)
{
	const char *empty = NULL;

	for (size_t i = 0; masked[i] != NULL; i++)
		if (mask(masked[i], &empty) != 0)
			return -1;
	for (size_t i = 0; i < c->masks.count; i++)
		if (mask(c->masks.items[i], &empty) != 0)
			return -1;
	for (size_t i = 0; read_only[i] != NULL; i++)
		if (make_read_only(read_only[i]) != 0)
			return -1;
	return 0;
}
