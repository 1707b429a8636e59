#define _GNU_SOURCE
#include "fd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <errno.h>

#include "frame.h"
#include "harness.h"
#include "inherit.h"

void send_fd(int sock, int fd)
{
	_Alignas(struct cmsghdr) char room[CMSG_SPACE(sizeof(fd))] = {0};
	struct iovec byte = {.iov_base = "x", .iov_len = 1};
	struct msghdr m = {.msg_iov = &byte, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	EQ(sendmsg(sock, &m, 0), 1);
}

int receive_fd(int sock)
{
	_Alignas(struct cmsghdr) char room[CMSG_SPACE(sizeof(int))];
	char c;
	struct iovec byte = {.iov_base = &c, .iov_len = 1};
	struct msghdr m = {.msg_iov = &byte, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room)};
	int fd;

	EQ(recvmsg(sock, &m, 0), 1);
	TRUE(CMSG_FIRSTHDR(&m) != NULL);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	return fd;
}

void snprintf_fd(char text[16], int fd)
{
	snprintf(text, 16, "%d", fd);
}

void munmap_port(struct port *p)
{
	munmap(p->mem, p->reg.nr_memsize);
}

/* A program that was started with a port: it knows the number, and asks the switch for the rest. */
int inherited(char **args)
{
	struct port p = {.fd = atoi(args[0])};
	struct nmreq_port_info_get info = {0};

	if (strcmp(args[1], "closed") == 0)
		return ioctl(p.fd, NIOCTXSYNC, NULL) == -1 && errno == EBADF ? 0 : 1;
	strcpy(p.name, args[1]);
	tx_sync(&p); /* the first that this program does with it */
	ERR(try_request(p.fd, NETMAP_REQ_PORT_INFO_GET, p.name, &info), 0);
	p.reg.nr_memsize = info.nr_memsize;
	map_port(&p);
	EQ(tx_ring(&p, 0)->head, 1);
	send_frame(&p, EVERYBODY, 1, 1);
	return 0;
}
