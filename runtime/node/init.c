// valelab-init LABDIR NODE: process 1 of a node.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node.h"

// close_others closes what the starter's own caller left open, and keeps the
// rest from the command.
static int close_others(void)
{
	if (close_range(FD_FIRST_FREE, ~0U, 0) != 0)
		return node_fail("close_range");
	for (int fd = FD_CONFIG; fd < FD_FIRST_FREE; fd++)
		if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
			return node_fail("descriptor %d", fd);
	return 0;
}

static int read_config(struct config *c)
{
	const char *fault;

	if (config_read(c, FD_CONFIG, &fault) == 0)
		return 0;
	errno = 0;
	return node_fail("%s", fault);
}

// set_up makes the inside of the node, ready for its release.
static int set_up(struct config *c)
{
	int null;

	if (close_others() != 0 || read_config(c) != 0)
		return -1;
	umask(022);
	if (sethostname(c->hostname, strlen(c->hostname)) != 0)
		return node_fail("host name %s", c->hostname);
	if (node_mounts(c) != 0 || node_affinity(c) != 0)
		return -1;
	if (chdir("/") != 0)
		return node_fail("/");
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0 || dup3(null, FD_CONFIG, O_CLOEXEC) < 0)
		return node_fail("/dev/null");
	return node_supervise_open(c, null);
}

// report answers the starter. It may be gone: nobody needs the answer then.
static void report(const char *text)
{
	ssize_t ignored = write(FD_READY, text, strlen(text));

	(void)ignored;
	close(FD_READY);
}

int node_init(int argc, char **argv)
{
	static struct config c;

	(void)argv;
	if (argc != 3 || getpid() != 1) {
		node_warn("valelab-init is started by valelab itself");
		return 2;
	}
	prctl(PR_SET_NAME, "valelab-init");
	if (set_up(&c) != 0) {
		report(node_fault());
		return 1;
	}
	report("ok");
	if (node_supervise() == 0)
		return 0;
	node_warn("%s", node_fault());
	return 1;
}
