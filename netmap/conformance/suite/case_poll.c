/* poll: what it syncs, when it is ready, when it wakes. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frame.h"
#include "harness.h"

static int poll_port(const struct port *p, short events, int ms)
{
	struct pollfd fd = {.fd = p->fd, .events = events};
	int n = poll(&fd, 1, ms);

	TRUE(n >= 0);
	EQ(n, fd.revents != 0);
	return fd.revents;
}

/* Sends one frame from a process of its own, after a while. */
static void send_later(const struct port *p, uint32_t tag)
{
	if (fork() == 0) {
		usleep(100000);
		send_frame(p, EVERYBODY, 1, tag);
		_exit(0);
	}
}

CASE(poll_empty_times_out)
{
	struct port a = open_port(vale("a"));

	EQ(poll_port(&a, POLLIN, 0), 0);
	EQ(poll_port(&a, POLLIN, 50), 0);
}

CASE(poll_out_always_ready)
{
	struct port a = open_port(vale("a"));

	EQ(poll_port(&a, POLLOUT, 0), POLLOUT);
	for (int i = 0; i < 1023; i++)
		put(tx_ring(&a, 0), EVERYBODY, 1, 0);
	EQ(poll_port(&a, POLLOUT, 0), POLLOUT);
	EQ(space(tx_ring(&a, 0)), 1023);
}

CASE(poll_in_publishes)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));

	send_frames(&a, EVERYBODY, 1, 0, 5);
	EQ(space(rx_ring(&b, 0)), 0);
	EQ(poll_port(&b, POLLIN, 1000), POLLIN);
	EQ(space(rx_ring(&b, 0)), 5);
	TRUE(rx_ring(&b, 0)->ts_sec > 0);
}

CASE(poll_in_releases)
{
	struct port a = open_port(vale("a")), b = open_with(vale("b"), (struct nmreq_register){.nr_rx_slots = 64});

	send_frames(&a, EVERYBODY, 1, 0, 63);
	EQ(poll_port(&b, POLLIN, 1000), POLLIN);
	rx_ring(&b, 0)->head = rx_ring(&b, 0)->cur = rx_ring(&b, 0)->tail;
	EQ(poll_port(&b, POLLIN, 0), 0);
	send_frames(&a, EVERYBODY, 1, 100, 63);
	expect_frames(&b, 100, 63);
}

CASE(poll_in_flushes_tx)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));

	put(tx_ring(&a, 0), EVERYBODY, 1, 7);
	EQ(poll_port(&a, POLLIN, 0), 0);
	expect_frames(&b, 7, 1);
}

CASE(poll_nothing_flushes_tx)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));

	put(tx_ring(&a, 0), EVERYBODY, 1, 7);
	poll_port(&a, 0, 0);
	expect_frames(&b, 7, 1);
}

CASE(poll_out_flushes_tx)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));

	put(tx_ring(&a, 0), EVERYBODY, 1, 7);
	EQ(poll_port(&a, POLLOUT, 0), POLLOUT);
	expect_frames(&b, 7, 1);
}

CASE(no_tx_poll_in_flushes_nothing)
{
	struct port a = open_with(vale("a"), (struct nmreq_register){.nr_flags = NR_NO_TX_POLL});
	struct port b = open_port(vale("b"));

	put(tx_ring(&a, 0), EVERYBODY, 1, 7);
	EQ(poll_port(&a, POLLIN, 0), 0);
	expect_nothing(&b);
	EQ(poll_port(&a, POLLOUT, 0), POLLOUT);
	expect_frames(&b, 7, 1);
}

CASE(poll_out_releases_nothing)
{
	struct port a = open_port(vale("a")), b = open_with(vale("b"), (struct nmreq_register){.nr_rx_slots = 64});

	send_frames(&a, EVERYBODY, 1, 0, 63);
	rx_sync(&b);
	rx_ring(&b, 0)->head = rx_ring(&b, 0)->cur = rx_ring(&b, 0)->tail;
	EQ(poll_port(&b, POLLOUT, 0), POLLOUT);
	send_frames(&a, EVERYBODY, 1, 100, 63);
	expect_nothing(&b);
}

CASE(do_rx_poll_flag_has_no_effect)
{
	struct port a = open_port(vale("a"));
	struct port b = open_with(vale("b"), (struct nmreq_register){.nr_flags = NR_DO_RX_POLL});

	send_frame(&a, EVERYBODY, 1, 0);
	EQ(poll_port(&b, POLLOUT, 0), POLLOUT);
	EQ(space(rx_ring(&b, 0)), 0);
}

CASE(poll_both_directions)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));

	EQ(poll_port(&b, POLLIN | POLLOUT, 1000), POLLOUT);
	send_frame(&a, EVERYBODY, 1, 0);
	EQ(poll_port(&b, POLLIN | POLLOUT, 1000), POLLIN | POLLOUT);
}

CASE(poll_rdnorm_wrnorm)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));

	send_frame(&a, EVERYBODY, 1, 0);
	EQ(poll_port(&b, POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM, 1000) & (POLLIN | POLLOUT), POLLIN | POLLOUT);
}

CASE(poll_woken_by_frame)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));

	send_later(&a, 7);
	EQ(poll_port(&b, POLLIN, 10000), POLLIN);
	EQ(take(rx_ring(&b, 0)), 7);
}

CASE(poll_woken_without_limit)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));

	for (uint32_t i = 0; i < 5; i++) {
		send_later(&a, i);
		EQ(poll_port(&b, POLLIN, -1), POLLIN);
		EQ(take(rx_ring(&b, 0)), i);
	}
}

/* cur at tail with head behind it: "wake me when there is more than I have seen". */
CASE(poll_waits_beyond_cur)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));
	struct netmap_ring *r = rx_ring(&b, 0);

	send_frames(&a, EVERYBODY, 1, 0, 3);
	EQ(poll_port(&b, POLLIN, 1000), POLLIN);
	r->cur = r->tail;
	EQ(poll_port(&b, POLLIN, 50), 0);
	send_later(&a, 3);
	EQ(poll_port(&b, POLLIN, 10000), POLLIN);
	EQ(space(r), 4);
}

CASE(poll_several_ports)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b")), c = open_port(vale_at(1, "c"));
	struct pollfd fds[3] = {{.fd = c.fd, .events = POLLIN}, {.fd = -1}, {.fd = b.fd, .events = POLLIN}};

	EQ(poll(fds, 3, 0), 0);
	send_later(&a, 7);
	EQ(poll(fds, 3, 10000), 1);
	EQ(fds[0].revents, 0);
	EQ(fds[1].revents, 0);
	EQ(fds[2].revents, POLLIN);
}

CASE(poll_with_other_descriptors)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));
	int ends[2];
	struct pollfd fds[2] = {{.events = POLLIN}, {.fd = b.fd, .events = POLLIN}};

	EQ(pipe(ends), 0);
	fds[0].fd = ends[0];
	if (fork() == 0) {
		usleep(100000);
		_exit(write(ends[1], "x", 1) != 1);
	}
	EQ(poll(fds, 2, 10000), 1);
	EQ(fds[0].revents, POLLIN);
	EQ(fds[1].revents, 0);
	send_frame(&a, EVERYBODY, 1, 0);
	EQ(poll(fds, 2, 10000), 2);
	EQ(fds[1].revents, POLLIN);
}

static void *send_in_thread(void *port)
{
	usleep(100000);
	send_frame(port, EVERYBODY, 1, 7);
	return NULL;
}

CASE(poll_woken_by_thread)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));
	pthread_t t;

	EQ(pthread_create(&t, NULL, send_in_thread, &a), 0);
	EQ(poll_port(&b, POLLIN, 10000), POLLIN);
	pthread_join(t, NULL);
}

static void *receive_in_thread(void *port)
{
	return (void *)(intptr_t)poll_port(port, POLLIN, 10000);
}

CASE(poll_wakes_all_who_wait)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b")), again = open_port(b.name);
	pthread_t t[2];
	void *revents;

	EQ(pthread_create(&t[0], NULL, receive_in_thread, &b), 0);
	EQ(pthread_create(&t[1], NULL, receive_in_thread, &again), 0);
	usleep(100000);
	send_frame(&a, EVERYBODY, 1, 7);
	for (int i = 0; i < 2; i++) {
		pthread_join(t[i], &revents);
		EQ((intptr_t)revents, POLLIN);
	}
}

static void nothing(int sig)
{
	(void)sig;
}

CASE(poll_interrupted_by_signal)
{
	struct port a = open_port(vale("a"));
	struct sigaction act = {.sa_handler = nothing};
	struct pollfd fd = {.fd = a.fd, .events = POLLIN};

	sigaction(SIGALRM, &act, NULL);
	ualarm(100000, 100000); /* again and again: one may come before poll */
	EQ(poll(&fd, 1, 10000), -1);
	EQ(errno, EINTR);
}

CASE(ppoll_changes_signal_mask)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));
	struct sigaction act = {.sa_handler = nothing};
	struct pollfd fd = {.fd = b.fd, .events = POLLIN};
	struct timespec t = {.tv_sec = 10};
	sigset_t blocked, none;

	sigemptyset(&none);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGALRM);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	sigaction(SIGALRM, &act, NULL);
	send_frame(&a, EVERYBODY, 1, 0);
	EQ(ppoll(&fd, 1, &t, NULL), 1);
	EQ(fd.revents, POLLIN);
	drain(&b);
	raise(SIGALRM);
	EQ(ppoll(&fd, 1, &t, &none), -1);
	EQ(errno, EINTR);
}

/* Frames that were there before, and those that come while poll goes to sleep: none is slept through. */
CASE(poll_loses_no_wakeup)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b")), back = open_port(a.name);

	if (fork() == 0) {
		for (uint32_t i = 0; i < 500; i++) {
			send_frame(&a, EVERYBODY, 1, i);
			TRUE(poll_port(&back, POLLIN, 10000) == POLLIN);
			drain(&back);
		}
		_exit(0);
	}
	for (uint32_t i = 0; i < 500; i++) {
		EQ(poll_port(&b, POLLIN, 10000), POLLIN);
		EQ(take(rx_ring(&b, 0)), i);
		send_frame(&b, EVERYBODY, 2, i);
	}
}
