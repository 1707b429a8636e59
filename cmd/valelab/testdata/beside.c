/* beside PORT: waits for a port beside other descriptors, by poll and by epoll. */
#include "program.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

int main(int argc, char **argv)
{
	struct port p = {.reg = {.nr_mode = NR_REG_ALL_NIC}};
	struct epoll_event ev = {.events = EPOLLIN}, got[4];
	struct pollfd fds[4];
	int pipes[2], pair[2], event, ep;
	uint64_t one = 1;

	CHECK(argc == 2 && (p.fd = open(DEVICE, O_RDWR)) >= 0);
	CHECK(control(p.fd, NETMAP_REQ_REGISTER, argv[1], &p.reg, NULL) == 0);
	CHECK(pipe(pipes) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && (event = eventfd(0, 0)) >= 0);
	/* POLLPRI: that frames come from elsewhere is none of this test's affair. */
	fds[0] = (struct pollfd){.fd = p.fd, .events = POLLPRI};
	fds[1] = (struct pollfd){.fd = pipes[0], .events = POLLIN};
	fds[2] = (struct pollfd){.fd = pair[0], .events = POLLIN};
	fds[3] = (struct pollfd){.fd = event, .events = POLLIN};
	CHECK(poll(fds, 4, 10) == 0);
	CHECK(write(pipes[1], "x", 1) == 1);
	CHECK(poll(fds, 4, -1) == 1 && fds[1].revents == POLLIN);
	CHECK(write(pair[1], "x", 1) == 1);
	CHECK(poll(fds, 4, -1) == 2 && fds[2].revents == POLLIN);
	CHECK(write(event, &one, sizeof(one)) == sizeof(one));
	CHECK(poll(fds, 4, -1) == 3 && fds[3].revents == POLLIN);

	CHECK((ep = epoll_create1(0)) >= 0);
	ev.data.fd = p.fd;
	CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, p.fd, &ev) == 0);
	ev.data.fd = event;
	CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, event, &ev) == 0);
	for (int i = 0, n = epoll_wait(ep, got, 4, -1); i < n; i++)
		if (got[i].data.fd == event) {
			puts("served");
			return 0;
		}
	CHECK(!"the event was told of");
}
