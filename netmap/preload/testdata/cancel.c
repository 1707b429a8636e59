/* Threads that are cancelled while they wait for a port: the wait ends, and leaves nothing behind. */
#include "program.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/select.h>

#define MANY 100 /* descriptors, more than fit on the stack */

static struct port a;
static _Atomic int cleaned;

static void clean(void *unused)
{
	(void)unused;
	cleaned++;
}

static void in_poll(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	poll(&p, 1, -1);
}

static void in_poll_of_many(int fd)
{
	struct pollfd p[MANY];

	for (int i = 0; i < MANY; i++)
		p[i] = (struct pollfd){.fd = i == 0 ? fd : -1, .events = POLLIN};
	poll(p, MANY, -1);
}

static void in_select(int fd)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	select(fd + 1, &set, NULL, NULL, NULL);
}

static void in_epoll(int fd)
{
	struct epoll_event event = {.events = EPOLLIN};
	int ep = epoll_create1(0);

	CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event) == 0);
	epoll_wait(ep, &event, 1, -1);
}

/* There is always room to send: it never sleeps. */
static void busy(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	for (;;)
		poll(&p, 1, -1);
}

static void (*const waits[])(int) = {in_poll, in_poll_of_many, in_select, in_epoll, busy};

static void *waiter(void *wait)
{
	pthread_cleanup_push(clean, NULL);
	(*(void (*const *)(int))wait)(a.fd);
	pthread_cleanup_pop(0);
	return NULL;
}

int main(void)
{
	alarm(60); /* a wait that is not cancelled */
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		pthread_t t;
		void *end;

		a = port_open("a", 0);
		CHECK(pthread_create(&t, NULL, waiter, (void *)&waits[i]) == 0);
		usleep(20000); /* it may not wait yet: then it is cancelled before */
		CHECK(pthread_cancel(t) == 0);
		CHECK(pthread_join(t, &end) == 0 && end == PTHREAD_CANCELED && cleaned == (int)i + 1);
		port_close(&a); /* nobody holds it any more, or the next open fails */
	}
	return 0;
}
