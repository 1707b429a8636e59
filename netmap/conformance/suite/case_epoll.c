/* select and epoll. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frame.h"
#include "harness.h"

static void send_later(const struct port *p, uint32_t tag)
{
	if (fork() == 0) {
		usleep(100000);
		send_frame(p, EVERYBODY, 1, tag);
		_exit(0);
	}
}

static int select_port(int fd, bool in, bool out, int ms)
{
	struct timeval t = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
	fd_set r, w;
	int n;

	FD_ZERO(&r);
	FD_ZERO(&w);
	if (in)
		FD_SET(fd, &r);
	if (out)
		FD_SET(fd, &w);
	n = select(fd + 1, &r, &w, NULL, &t);
	TRUE(n >= 0);
	EQ(n, (FD_ISSET(fd, &r) != 0) + (FD_ISSET(fd, &w) != 0));
	return (FD_ISSET(fd, &r) ? EPOLLIN : 0) | (FD_ISSET(fd, &w) ? EPOLLOUT : 0);
}

CASE(select_syncs_and_tells)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));

	EQ(select_port(b.fd, true, false, 0), 0);
	EQ(select_port(b.fd, true, false, 50), 0);
	put(tx_ring(&a, 0), EVERYBODY, 1, 7);
	EQ(select_port(a.fd, false, true, 0), EPOLLOUT);
	EQ(select_port(b.fd, true, true, 1000), EPOLLIN | EPOLLOUT);
	EQ(take(rx_ring(&b, 0)), 7);
	EQ(select_port(b.fd, true, false, 0), 0);
}

CASE(select_woken_by_frame)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));

	send_later(&a, 7);
	EQ(select_port(b.fd, true, false, 10000), EPOLLIN);
	EQ(take(rx_ring(&b, 0)), 7);
}

CASE(select_with_other_descriptors)
{
	struct port a = open_port(vale("a"));
	int ends[2];
	fd_set r;

	EQ(pipe(ends), 0);
	EQ(write(ends[1], "x", 1), 1);
	FD_ZERO(&r);
	FD_SET(a.fd, &r);
	FD_SET(ends[0], &r);
	EQ(select(1 + (a.fd > ends[0] ? a.fd : ends[0]), &r, NULL, NULL, NULL), 1);
	TRUE(!FD_ISSET(a.fd, &r));
	TRUE(FD_ISSET(ends[0], &r));
}

CASE(pselect_syncs)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));
	struct timespec t = {.tv_sec = 10};
	fd_set r;

	send_later(&a, 7);
	FD_ZERO(&r);
	FD_SET(b.fd, &r);
	EQ(pselect(b.fd + 1, &r, NULL, NULL, &t, NULL), 1);
	EQ(take(rx_ring(&b, 0)), 7);
}

static int epoll_of(const struct port *p, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.u64 = 0x123456789abc};
	int ep = epoll_create1(EPOLL_CLOEXEC);

	TRUE(ep >= 0);
	EQ(epoll_ctl(ep, EPOLL_CTL_ADD, p->fd, &e), 0);
	return ep;
}

static uint32_t epoll_events(int ep, int ms)
{
	struct epoll_event e[4] = {0};
	int n = epoll_wait(ep, e, 4, ms);

	if (n == 0)
		return 0;
	EQ(n, 1);
	EQ(e[0].data.u64, 0x123456789abc);
	return e[0].events;
}

CASE(epoll_level_triggered)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));
	int ep = epoll_of(&b, EPOLLIN);

	EQ(epoll_events(ep, 0), 0);
	EQ(epoll_events(ep, 50), 0);
	send_frames(&a, EVERYBODY, 1, 0, 3);
	EQ(epoll_events(ep, 1000), EPOLLIN);
	EQ(space(rx_ring(&b, 0)), 3);
	EQ(epoll_events(ep, 1000), EPOLLIN); /* still there */
	drain(&b);
	EQ(epoll_events(ep, 50), 0);
}

CASE(epoll_woken_by_frame)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));
	int ep = epoll_of(&b, EPOLLIN);

	for (uint32_t i = 0; i < 3; i++) {
		send_later(&a, i);
		EQ(epoll_events(ep, 10000), EPOLLIN);
		EQ(take(rx_ring(&b, 0)), i);
		EQ(epoll_events(ep, 0), 0);
	}
}

CASE(epoll_edge_triggered)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));
	int ep = epoll_of(&b, EPOLLIN | EPOLLET);

	epoll_events(ep, 0);
	send_frames(&a, EVERYBODY, 1, 0, 3);
	EQ(epoll_events(ep, 1000), EPOLLIN);
	EQ(epoll_events(ep, 50), 0); /* told */
	send_later(&a, 3);
	EQ(epoll_events(ep, 10000), EPOLLIN);
	EQ(drain(&b), 4);
}

CASE(epoll_one_shot)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));
	struct epoll_event again = {.events = EPOLLIN | EPOLLONESHOT, .data.u64 = 0x123456789abc};
	int ep = epoll_of(&b, EPOLLIN | EPOLLONESHOT);

	send_frame(&a, EVERYBODY, 1, 0);
	EQ(epoll_events(ep, 1000), EPOLLIN);
	EQ(epoll_events(ep, 50), 0);
	EQ(epoll_ctl(ep, EPOLL_CTL_MOD, b.fd, &again), 0);
	EQ(epoll_events(ep, 1000), EPOLLIN);
}

CASE(epoll_out)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));
	int ep = epoll_of(&a, EPOLLOUT);

	put(tx_ring(&a, 0), EVERYBODY, 1, 7);
	EQ(epoll_events(ep, 1000), EPOLLOUT);
	expect_frames(&b, 7, 1);
}

CASE(epoll_changes_and_removes)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));
	struct epoll_event out = {.events = EPOLLOUT, .data.u64 = 0x123456789abc};
	int ep = epoll_of(&b, EPOLLIN);

	send_frame(&a, EVERYBODY, 1, 0);
	EQ(epoll_ctl(ep, EPOLL_CTL_MOD, b.fd, &out), 0);
	EQ(epoll_events(ep, 1000), EPOLLOUT);
	EQ(epoll_ctl(ep, EPOLL_CTL_DEL, b.fd, NULL), 0);
	EQ(epoll_events(ep, 50), 0);
	EQ(epoll_ctl(ep, EPOLL_CTL_DEL, b.fd, NULL), -1);
	EQ(errno, ENOENT);
	EQ(epoll_ctl(ep, EPOLL_CTL_ADD, b.fd, &out), 0);
	EQ(epoll_ctl(ep, EPOLL_CTL_ADD, b.fd, &out), -1);
	EQ(errno, EEXIST);
}

CASE(epoll_forgets_closed_port)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));
	int ep = epoll_of(&b, EPOLLIN);

	close_port(&b);
	send_frame(&a, EVERYBODY, 1, 0);
	EQ(epoll_events(ep, 50), 0);
}

CASE(epoll_with_other_descriptors)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));
	struct epoll_event in = {.events = EPOLLIN, .data.u64 = 5}, e[4];
	int ep = epoll_of(&b, EPOLLIN), ends[2];

	EQ(pipe(ends), 0);
	EQ(epoll_ctl(ep, EPOLL_CTL_ADD, ends[0], &in), 0);
	EQ(write(ends[1], "x", 1), 1);
	EQ(epoll_wait(ep, e, 4, 1000), 1);
	EQ(e[0].data.u64, 5);
	send_frame(&a, EVERYBODY, 1, 0);
	EQ(epoll_wait(ep, e, 4, 1000), 2);
}

CASE(epoll_two_ports)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b")), c = open_port(vale("c"));
	struct epoll_event in = {.events = EPOLLIN, .data.u64 = 5}, e[4];
	int ep = epoll_of(&b, EPOLLIN);

	EQ(epoll_ctl(ep, EPOLL_CTL_ADD, c.fd, &in), 0);
	send_frame(&a, EVERYBODY, 1, 0);
	EQ(epoll_wait(ep, e, 4, 1000), 2);
	drain(&b);
	EQ(epoll_wait(ep, e, 4, 1000), 1);
	EQ(e[0].data.u64, 5);
}
