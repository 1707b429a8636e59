#define _GNU_SOURCE
#include "netns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOOPBACK_INDEX 1 /* of lo, in every network namespace */

/* Sets lo up with an alias. Returns 0 or an errno. */
static int mark_loopback(const char *alias)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg link;
		struct rtattr attr;
		char alias[256];
	} request = {
		.header.nlmsg_type = RTM_NEWLINK,
		.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
		.link.ifi_family = AF_UNSPEC,
		.link.ifi_index = LOOPBACK_INDEX,
		.link.ifi_flags = IFF_UP,
		.link.ifi_change = IFF_UP,
		.attr.rta_type = IFLA_IFALIAS,
	};
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char echo[512];
	} answer;
	size_t len = strlen(alias);
	int error = 0;
	int sock;

	if (len >= sizeof(request.alias))
		return ENAMETOOLONG;
	memcpy(request.alias, alias, len);
	request.attr.rta_len = (unsigned short)RTA_LENGTH(len);
	request.header.nlmsg_len = (unsigned)(NLMSG_LENGTH(sizeof(request.link)) + RTA_SPACE(len));

	sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (sock < 0)
		return errno;
	if (send(sock, &request, request.header.nlmsg_len, 0) < 0 || recv(sock, &answer, sizeof(answer), 0) < 0)
		error = errno;
	else if (answer.header.nlmsg_type == NLMSG_ERROR)
		error = -answer.error.error;
	close(sock);
	return error;
}

int keeper_netns_make(const char *alias)
{
	int machine = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int lab = -1;
	int error = 0;

	if (machine < 0)
		return -1;
	if (unshare(CLONE_NEWNET) < 0) {
		error = errno;
	} else {
		error = mark_loopback(alias);
		lab = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
		if (lab < 0 && error == 0)
			error = errno;
		if (setns(machine, CLONE_NEWNET) < 0)
			error = errno;
	}
	close(machine);
	if (error != 0) {
		if (lab >= 0)
			close(lab);
		errno = error;
		return -1;
	}
	return lab;
}
