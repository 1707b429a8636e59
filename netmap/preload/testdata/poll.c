/* poll and select: ports among pipes, with and without a time limit. */
#include "program.h"

#include <pthread.h>
#include <sys/select.h>
#include <sys/signalfd.h>

int __poll_chk(struct pollfd *, nfds_t, int, size_t);
int __ppoll_chk(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *, size_t);

static struct port a, b;
static int pipes[2];

/* Sends a frame, or a byte into the pipe, in a moment. */
static void *later(void *what)
{
	usleep(30000);
	if (what != NULL)
		send_frames(&a, 1, 0);
	else
		CHECK(write(pipes[1], "x", 1) == 1);
	return NULL;
}

static pthread_t in_a_moment(bool frame)
{
	pthread_t t;

	CHECK(pthread_create(&t, NULL, later, frame ? &t : NULL) == 0);
	return t;
}

static void drain(void)
{
	char byte;

	CHECK(read(pipes[0], &byte, 1) == 1);
}

/* What each of the calls finds: of the port's events and the pipe's. */
static int by_poll(short events, int timeout, short *port, short *other)
{
	struct pollfd p[3] = {{.fd = pipes[0], .events = POLLIN}, {.fd = -1}, {.fd = b.fd, .events = events}};
	int n = poll(p, 3, timeout);

	*other = p[0].revents;
	*port = p[2].revents;
	return n;
}

static int by_poll_chk(short events, int timeout, short *port, short *other)
{
	struct pollfd p[2] = {{.fd = b.fd, .events = events}, {.fd = pipes[0], .events = POLLIN}};
	int n = __poll_chk(p, 2, timeout, sizeof(p));

	*port = p[0].revents;
	*other = p[1].revents;
	return n;
}

static int by_ppoll(short events, int timeout, short *port, short *other)
{
	struct pollfd p[2] = {{.fd = b.fd, .events = events}, {.fd = pipes[0], .events = POLLIN}};
	struct timespec ts = {.tv_sec = timeout / 1000, .tv_nsec = timeout % 1000 * 1000000};
	int n = ppoll(p, 2, timeout < 0 ? NULL : &ts, NULL);

	*port = p[0].revents;
	*other = p[1].revents;
	return n;
}

static int by_ppoll_chk(short events, int timeout, short *port, short *other)
{
	struct pollfd p[2] = {{.fd = b.fd, .events = events}, {.fd = pipes[0], .events = POLLIN}};
	struct timespec ts = {.tv_sec = timeout / 1000, .tv_nsec = timeout % 1000 * 1000000};
	int n = __ppoll_chk(p, 2, timeout < 0 ? NULL : &ts, NULL, sizeof(p));

	*port = p[0].revents;
	*other = p[1].revents;
	return n;
}

static void to_sets(short events, fd_set *in, fd_set *out)
{
	FD_ZERO(in);
	FD_ZERO(out);
	FD_SET(pipes[0], in);
	if (events & POLLIN)
		FD_SET(b.fd, in);
	if (events & POLLOUT)
		FD_SET(b.fd, out);
}

static void from_sets(short *port, short *other, fd_set *in, fd_set *out)
{
	*other = FD_ISSET(pipes[0], in) ? POLLIN : 0;
	*port = (short)((FD_ISSET(b.fd, in) ? POLLIN : 0) | (FD_ISSET(b.fd, out) ? POLLOUT : 0));
}

static int by_select(short events, int timeout, short *port, short *other)
{
	struct timeval tv = {.tv_sec = timeout / 1000, .tv_usec = timeout % 1000 * 1000};
	fd_set in, out;
	int n;

	to_sets(events, &in, &out);
	n = select((b.fd > pipes[0] ? b.fd : pipes[0]) + 1, &in, &out, NULL, timeout < 0 ? NULL : &tv);
	from_sets(port, other, &in, &out);
	return n;
}

static int by_pselect(short events, int timeout, short *port, short *other)
{
	struct timespec ts = {.tv_sec = timeout / 1000, .tv_nsec = timeout % 1000 * 1000000};
	fd_set in, out;
	int n;

	to_sets(events, &in, &out);
	n = pselect((b.fd > pipes[0] ? b.fd : pipes[0]) + 1, &in, &out, NULL, timeout < 0 ? NULL : &ts, NULL);
	from_sets(port, other, &in, &out);
	return n;
}

typedef int call(short events, int timeout, short *port, short *other);

static void both(call *wait)
{
	short port, other;
	int64_t begin;
	pthread_t t;

	/* Nothing there. */
	CHECK(wait(POLLIN, 0, &port, &other) == 0);
	begin = milliseconds();
	CHECK(wait(POLLIN, 50, &port, &other) == 0 && port == 0 && other == 0);
	CHECK(milliseconds() - begin >= 50);
	/* Room to send is always there. */
	CHECK(wait(POLLIN | POLLOUT, -1, &port, &other) == 1 && port == POLLOUT && other == 0);
	/* What comes during the sleep. */
	t = in_a_moment(true);
	CHECK(wait(POLLIN, -1, &port, &other) == 1 && port == POLLIN && other == 0);
	CHECK(pthread_join(t, NULL) == 0);
	CHECK(count(b.rx) == 1);
	t = in_a_moment(false);
	take(b.rx, 1, 0);
	CHECK(wait(POLLIN, 20000, &port, &other) == 1 && port == 0 && other == POLLIN);
	CHECK(pthread_join(t, NULL) == 0);
	/* Both. */
	send_frames(&a, 2, 1);
	CHECK(wait(POLLIN | POLLOUT, -1, &port, &other) >= 2 && port == (POLLIN | POLLOUT) && other == POLLIN);
	/* It is there until it is taken; cur says what has been seen. */
	CHECK(wait(POLLIN, 0, &port, &other) == 2);
	drain();
	b.rx->cur = b.rx->tail;
	CHECK(wait(POLLIN, 0, &port, &other) == 0);
	t = in_a_moment(true);
	CHECK(wait(POLLIN, -1, &port, &other) == 1 && port == POLLIN);
	CHECK(pthread_join(t, NULL) == 0);
	take(b.rx, 2, 1);
	take(b.rx, 1, 0);
	/* A poll for anything sends what is in the ring. */
	fill(b.tx, 2, 5);
	CHECK(wait(POLLIN, 0, &port, &other) == 0);
	expect_frames(&a, 2, 5);
}

static volatile sig_atomic_t caught;

static void count_signal(int signal)
{
	(void)signal;
	caught++;
}

/* The thread that main runs in gets a signal in a moment. */
static void *signal_later(void *thread)
{
	usleep(30000);
	CHECK(pthread_kill(*(pthread_t *)thread, SIGALRM) == 0);
	return NULL;
}

/* A signal ends a sleep if the mask of then lets it through, be it there before or come meanwhile, and does not else. */
static void signals(void)
{
	struct sigaction action = {.sa_handler = count_signal};
	struct pollfd p[2] = {{.fd = pipes[0], .events = POLLIN}, {.fd = b.fd, .events = POLLIN}};
	struct timespec ms = {.tv_nsec = 100000000}, for_ever = {.tv_sec = 1000};
	pthread_t t, self = pthread_self();
	sigset_t alarm, none;
	fd_set in;

	CHECK(sigaction(SIGALRM, &action, NULL) == 0);
	sigemptyset(&none);
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	CHECK(pthread_create(&t, NULL, signal_later, &self) == 0);
	FAILS(poll(p, 2, -1), EINTR);
	CHECK(pthread_join(t, NULL) == 0 && caught == 1);
	CHECK(sigprocmask(SIG_BLOCK, &alarm, NULL) == 0);
	CHECK(raise(SIGALRM) == 0);
	CHECK(poll(p, 2, 100) == 0);
	CHECK(ppoll(p, 2, &ms, NULL) == 0 && caught == 1);
	FAILS(ppoll(p, 2, NULL, &none), EINTR);
	CHECK(caught == 2 && p[1].fd == b.fd && p[1].revents == 0);
	CHECK(pthread_create(&t, NULL, signal_later, &self) == 0);
	FAILS(ppoll(p, 2, &for_ever, &none), EINTR);
	CHECK(pthread_join(t, NULL) == 0 && caught == 3);
	FD_ZERO(&in);
	FD_SET(b.fd, &in);
	FD_SET(pipes[0], &in);
	CHECK(pthread_create(&t, NULL, signal_later, &self) == 0);
	FAILS(pselect((b.fd > pipes[0] ? b.fd : pipes[0]) + 1, &in, NULL, NULL, NULL, &none), EINTR);
	CHECK(pthread_join(t, NULL) == 0 && caught == 4);
	send_frames(&a, 1, 0); /* the sets are as they were, for who goes on with them */
	CHECK(pselect((b.fd > pipes[0] ? b.fd : pipes[0]) + 1, &in, NULL, NULL, NULL, NULL) == 1 && FD_ISSET(b.fd, &in));
	take(b.rx, 1, 0);
	/* Unblocked, but for the time of the call. */
	CHECK(sigprocmask(SIG_UNBLOCK, &alarm, NULL) == 0);
	CHECK(pthread_create(&t, NULL, signal_later, &self) == 0);
	CHECK(ppoll(p, 2, &ms, &alarm) == 0);
	CHECK(pthread_join(t, NULL) == 0);
	while (caught != 5)
		usleep(1000);
}

/* More descriptors than fit on a stack. */
static void many(void)
{
	static struct pollfd p[300];

	for (int i = 0; i < 300; i++)
		p[i] = (struct pollfd){.fd = i == 250 ? b.fd : pipes[0], .events = POLLIN};
	CHECK(poll(p, 300, 0) == 0);
	send_frames(&a, 1, 0);
	CHECK(poll(p, 300, -1) == 1 && p[250].revents == POLLIN && p[0].revents == 0);
	p[3].fd = 1000;
	CHECK(poll(p, 300, -1) == 2 && p[3].revents == POLLNVAL);
	expect_frames(&b, 1, 0);
}

/* Signals that come by a descriptor, while it is waited for and before. */
static void signal_descriptor(void)
{
	sigset_t set;
	struct pollfd p[2] = {{.fd = b.fd, .events = POLLIN}, {.events = POLLIN | POLLOUT}};
	char info[256]; /* a signalfd_siginfo is 128 bytes */
	pid_t child;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	p[1].fd = signalfd(-1, &set, SFD_NONBLOCK);
	CHECK(p[1].fd >= 0);
	CHECK(poll(p, 2, 0) == 0);
	CHECK((child = fork()) >= 0);
	if (child == 0) {
		usleep(30000);
		kill(getppid(), SIGUSR2);
		_exit(0);
	}
	CHECK(poll(p, 2, 10000) == 1 && p[0].revents == 0 && p[1].revents == POLLIN);
	CHECK(waitpid(child, NULL, 0) == child);
	CHECK(poll(p, 2, 0) == 1 && p[1].revents == POLLIN);
	CHECK(read(p[1].fd, info, sizeof(info)) == 128);
	CHECK(poll(p, 2, 0) == 0);
	CHECK(close(p[1].fd) == 0);
}

int main(void)
{
	b = port_open("b", 0);
	a = port_open("a", 0);
	CHECK(pipe(pipes) == 0);
	both(by_poll);
	both(by_poll_chk);
	both(by_ppoll);
	both(by_ppoll_chk);
	both(by_select);
	both(by_pselect);
	signals();
	signal_descriptor();
	many();
	port_close(&a);
	port_close(&b);
	/* NO_TX_POLL: only who asks for room sends. */
	a = port_open("a", 0);
	b = port_open("b", NR_NO_TX_POLL);
	fill(b.tx, 1, 0);
	CHECK(poll(&(struct pollfd){.fd = b.fd, .events = POLLIN}, 1, 0) == 0);
	CHECK(ioctl(a.fd, NIOCRXSYNC, NULL) == 0 && count(a.rx) == 0);
	CHECK(poll(&(struct pollfd){.fd = b.fd, .events = POLLOUT}, 1, 0) == 1);
	expect_frames(&a, 1, 0);
	return 0;
}
