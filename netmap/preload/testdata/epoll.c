/* epoll: ports among pipes, by level, by edge and once. */
#include "program.h"

#include <pthread.h>
#include <sys/epoll.h>

int epoll_pwait2(int, struct epoll_event *, int, const struct timespec *, const sigset_t *);

static struct port a, b;
static int ep, pipes[2];

static int by_wait(struct epoll_event *to, int n, int timeout)
{
	return epoll_wait(ep, to, n, timeout);
}

static int by_pwait(struct epoll_event *to, int n, int timeout)
{
	return epoll_pwait(ep, to, n, timeout, NULL);
}

static int by_pwait2(struct epoll_event *to, int n, int timeout)
{
	struct timespec ts = {.tv_sec = timeout / 1000, .tv_nsec = timeout % 1000 * 1000000};

	return epoll_pwait2(ep, to, n, timeout < 0 ? NULL : &ts, NULL);
}

typedef int call(struct epoll_event *to, int n, int timeout);

static void set(int op, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event ev = {.events = events, .data.u64 = data};

	CHECK(epoll_ctl(ep, op, fd, &ev) == 0);
}

/* Exactly one event is there, of whom and which. */
static void only(call *wait, uint64_t data, uint32_t events)
{
	struct epoll_event ev[4];

	CHECK(wait(ev, 4, -1) == 1);
	CHECK(ev[0].data.u64 == data && ev[0].events == events);
}

static void none(call *wait)
{
	struct epoll_event ev[4];

	CHECK(wait(ev, 4, 0) == 0);
}

static void *later(void *what)
{
	(void)what;
	usleep(30000);
	send_frames(&a, 1, 0);
	return NULL;
}

static void level(call *wait)
{
	struct epoll_event ev[4];
	int64_t begin;
	pthread_t t;

	set(EPOLL_CTL_ADD, pipes[0], EPOLLIN, 1);
	set(EPOLL_CTL_ADD, b.fd, EPOLLIN, 2);
	none(wait);
	begin = milliseconds();
	CHECK(wait(ev, 4, 50) == 0 && milliseconds() - begin >= 50);
	CHECK(pthread_create(&t, NULL, later, NULL) == 0);
	only(wait, 2, EPOLLIN);
	only(wait, 2, EPOLLIN);
	CHECK(pthread_join(t, NULL) == 0);
	CHECK(write(pipes[1], "x", 1) == 1);
	CHECK(wait(ev, 4, -1) == 2);
	CHECK(wait(ev, 1, -1) == 1);
	take(b.rx, 1, 0);
	only(wait, 1, EPOLLIN);
	CHECK(read(pipes[0], ev, 1) == 1);
	none(wait);
	set(EPOLL_CTL_MOD, b.fd, EPOLLIN | EPOLLOUT, 3);
	only(wait, 3, EPOLLOUT);
	CHECK(epoll_ctl(ep, EPOLL_CTL_DEL, b.fd, NULL) == 0);
	none(wait);
	CHECK(epoll_ctl(ep, EPOLL_CTL_DEL, pipes[0], NULL) == 0);
}

static void edge(call *wait)
{
	pthread_t t;

	set(EPOLL_CTL_ADD, b.fd, EPOLLIN | EPOLLET, 4);
	none(wait);
	send_frames(&a, 1, 0);
	only(wait, 4, EPOLLIN);
	none(wait);
	CHECK(pthread_create(&t, NULL, later, NULL) == 0);
	only(wait, 4, EPOLLIN);
	CHECK(pthread_join(t, NULL) == 0);
	none(wait);
	take(b.rx, 1, 0);
	take(b.rx, 1, 0);
	set(EPOLL_CTL_MOD, b.fd, EPOLLIN | EPOLLONESHOT, 5);
	none(wait);
	send_frames(&a, 1, 0);
	only(wait, 5, EPOLLIN);
	none(wait);
	set(EPOLL_CTL_MOD, b.fd, EPOLLIN | EPOLLONESHOT, 6);
	only(wait, 6, EPOLLIN);
	none(wait);
	take(b.rx, 1, 0);
	CHECK(epoll_ctl(ep, EPOLL_CTL_DEL, b.fd, NULL) == 0);
}

static volatile sig_atomic_t caught;

static void count_signal(int signal)
{
	(void)signal;
	caught++;
}

/* A signal that the mask lets through ends a sleep. */
static void signals(void)
{
	struct sigaction action = {.sa_handler = count_signal};
	struct epoll_event ev[4];
	sigset_t alarm, none;

	CHECK(sigaction(SIGALRM, &action, NULL) == 0);
	sigemptyset(&none);
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	set(EPOLL_CTL_ADD, b.fd, EPOLLIN, 7);
	CHECK(sigprocmask(SIG_BLOCK, &alarm, NULL) == 0);
	CHECK(raise(SIGALRM) == 0);
	CHECK(epoll_wait(ep, ev, 4, 50) == 0 && caught == 0);
	FAILS(epoll_pwait(ep, ev, 4, -1, &none), EINTR);
	CHECK(caught == 1);
	CHECK(sigprocmask(SIG_UNBLOCK, &alarm, NULL) == 0);
	CHECK(epoll_ctl(ep, EPOLL_CTL_DEL, b.fd, NULL) == 0);
}

static void mistakes(void)
{
	struct epoll_event ev = {.events = EPOLLIN};
	int copy;

	FAILS(epoll_ctl(pipes[0], EPOLL_CTL_ADD, b.fd, &ev), EINVAL);
	FAILS(epoll_ctl(-1, EPOLL_CTL_ADD, b.fd, &ev), EBADF);
	FAILS(epoll_ctl(ep, EPOLL_CTL_ADD, b.fd, (void *)8), EFAULT);
	FAILS(epoll_ctl(ep, EPOLL_CTL_MOD, b.fd, &ev), ENOENT);
	FAILS(epoll_ctl(ep, EPOLL_CTL_DEL, b.fd, NULL), ENOENT);
	CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, b.fd, &ev) == 0);
	FAILS(epoll_ctl(ep, EPOLL_CTL_ADD, b.fd, &ev), EEXIST);
	FAILS(epoll_ctl(ep, 77, b.fd, &ev), EINVAL);
	/* Another descriptor of the epoll is the same one. */
	copy = dup(ep);
	send_frames(&a, 1, 0);
	CHECK(epoll_wait(copy, &ev, 1, -1) == 1 && ev.events == EPOLLIN);
	CHECK(close(copy) == 0);
	CHECK(epoll_wait(ep, &ev, 1, -1) == 1);
	expect_frames(&b, 1, 0);
	/* What is closed is no longer watched. */
	port_close(&b);
	none(by_wait);
	b = port_open("b", 0);
	none(by_wait);
}

int main(void)
{
	b = port_open("b", 0);
	a = port_open("a", 0);
	CHECK(pipe(pipes) == 0);
	CHECK((ep = epoll_create1(0)) >= 0);
	level(by_wait);
	level(by_pwait);
	level(by_pwait2);
	edge(by_wait);
	edge(by_pwait);
	edge(by_pwait2);
	signals();
	mistakes();
	return 0;
}
