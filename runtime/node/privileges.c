// Processors, capabilities and user of a command.
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "node.h"

int node_affinity(const struct config *c)
{
	cpu_set_t wanted, given;

	if (c->cpus.count == 0)
		return 0;
	CPU_ZERO(&wanted);
	for (size_t cpu = 0; cpu < c->cpus.count * 8; cpu++)
		if (c->cpus.data[cpu / 8] >> (cpu % 8) & 1)
			CPU_SET(cpu, &wanted);
	if (sched_setaffinity(0, sizeof(wanted), &wanted) != 0)
		return node_fail("cpu-set");
	// The kernel leaves out processors that are missing, without a word.
	if (sched_getaffinity(0, sizeof(given), &given) != 0)
		return node_fail("cpu-set");
	if (!CPU_EQUAL(&wanted, &given)) {
		errno = 0;
		return node_fail("cpu-set: names processors that this machine does not have");
	}
	return 0;
}

// cut_bounds takes all but the capabilities to keep out of the bounding set,
// for good.
static int cut_bounds(uint64_t keep)
{
	for (int cap = 0; cap < 64; cap++) {
		int in = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);

		if (in < 0 && errno == EINVAL) // past the last one
			break;
		if (in < 0)
			return node_fail("capability %d", cap);
		if (in == 1 && !(keep >> cap & 1) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0)
			return node_fail("cannot drop capability %d", cap);
	}
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
		return node_fail("cannot clear ambient capabilities");
	return 0;
}

static int set_user(const struct config *c)
{
	size_t count = c->groups.count / sizeof(gid_t);
	gid_t *groups = calloc(count + 1, sizeof(*groups));
	int failed;

	if (groups == NULL)
		return node_fail("groups");
	if (count > 0)
		memcpy(groups, c->groups.data, c->groups.count);
	failed = setgroups(count, groups) != 0 || setresgid(c->gid, c->gid, c->gid) != 0 ||
		 setresuid(c->uid, c->uid, c->uid) != 0;
	free(groups);
	return failed ? node_fail("cannot become user %u:%u", c->uid, c->gid) : 0;
}

static int set_capabilities(uint64_t keep)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, sets) != 0)
		return node_fail("cannot read capabilities");
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		sets[i].permitted &= (uint32_t)(keep >> (32 * i));
		sets[i].effective = sets[i].permitted;
		sets[i].inheritable = 0;
	}
	if (syscall(SYS_capset, &header, sets) != 0)
		return node_fail("cannot set capabilities");
	return 0;
}

int node_become(const struct config *c)
{
	// Until it runs the command this process has files of the machine open,
	// and from here on no more capabilities than others in the node: they
	// must not look into it. exec undoes this.
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return node_fail("cannot close the process to others");
	if (cut_bounds(c->caps) != 0 || set_user(c) != 0)
		return -1;
	return set_capabilities(c->caps);
}
