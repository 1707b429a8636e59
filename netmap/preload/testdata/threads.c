/* Threads on one port, and signal handlers that use it in the middle of it all. */
#include "program.h"

#include <pthread.h>

#define ROUNDS 500

static struct port a, b;
static _Atomic uint32_t woken;
static _Atomic int done;

/* Any number of threads may sync and sleep; the frames are one thread's. */
static void *sleeper(void *unused)
{
	struct pollfd p = {.fd = b.fd, .events = POLLIN};

	(void)unused;
	while (!done) {
		CHECK(ioctl(b.fd, NIOCRXSYNC, NULL) == 0);
		CHECK(ioctl(a.fd, NIOCTXSYNC, NULL) == 0);
		if (poll(&p, 1, 5) == 1)
			woken++;
	}
	return NULL;
}

/* Others open and close what has nothing to do with it, at numbers that come and go. */
static void *opener(void *unused)
{
	(void)unused;
	while (!done) {
		int fd = open("/dev/null", O_RDWR), copy = dup(a.fd), port = open(DEVICE, O_RDWR);

		CHECK(fd >= 0 && write(fd, "x", 1) == 1);
		CHECK(copy >= 0 && port >= 0);
		CHECK(ioctl(copy, NIOCTXSYNC, NULL) == 0);
		CHECK(close(fd) == 0 && close(copy) == 0 && close(port) == 0);
	}
	return NULL;
}

static void on_signal(int signal)
{
	(void)signal;
	ioctl(a.fd, NIOCTXSYNC, NULL);
	ioctl(b.fd, NIOCRXSYNC, NULL);
}

int main(void)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	struct pollfd p;
	pthread_t t[6];

	a = port_open("a", 0);
	b = port_open("b", 0);
	p = (struct pollfd){.fd = b.fd, .events = POLLIN};
	CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
	for (int i = 0; i < 6; i++)
		CHECK(pthread_create(&t[i], NULL, i < 4 ? sleeper : opener, NULL) == 0);
	/* On a busy machine the sleepers may come to it late. */
	for (uint32_t i = 0; i < ROUNDS || (woken == 0 && i < 1000 * ROUNDS); i++) {
		int n;

		send_frames(&a, 1, i);
		if (i % 8 == 0)
			CHECK(pthread_kill(t[i % 4], SIGUSR1) == 0);
		do {
			n = poll(&p, 1, 10000);
		} while (n < 0 && errno == EINTR);
		CHECK(n == 1);
		while (b.rx->head == b.rx->tail)
			sched_yield();
		take(b.rx, 1, i);
	}
	done = 1;
	for (int i = 0; i < 6; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	CHECK(woken > 0);
	return 0;
}
