/*
 * What a TX sync waits for: the library's own syncs, and a thread in the switch's place that takes as much as a check
 * wants it to.
 */
#define _GNU_SOURCE
#include "../src/clock.c"
#include "../src/forward.c"
#include "../src/stream.c"
#include "../src/sync.c"
#include "../src/wait.c"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CHECK(what)                                                             \
	do {                                                                    \
		if (!(what)) {                                                  \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what); \
			exit(1);                                                \
		}                                                               \
	} while (0)

#define SLOTS 64

/* What else sync.c and wait.c need. */
bool nm_registered(struct nm_port *p, int conn) { return atomic_load(&p->bound) && conn == -1; }
int nm_read(int pid, void *to, uint64_t from, size_t len) { return pid < 0 || to == NULL || from == 0 || len > 0; }
void nm_may_wait(void) {}

static struct nmu_ctl ctl[2];
static struct {
	struct netmap_ring ring;
	struct netmap_slot slot[SLOTS];
} memory[2];

static struct nm_ring ring[2] = {
	{.ring = &memory[0].ring, .ctl = &ctl[0], .slots = SLOTS},
	{.ring = &memory[1].ring, .ctl = &ctl[1], .slots = SLOTS},
};
static struct nm_port port = {.bound = true, .ring = ring, .ntx = 1, .nrx = 1};

static _Atomic enum { ALL, HALF, LATE } manner; /* of the switch */
static _Atomic bool late;                       /* it has taken all, after a while */

static void take_up_to(uint32_t at)
{
	atomic_store(&ctl[0].tail, at == 0 ? SLOTS - 1 : at - 1);
	atomic_store(&ctl[0].cur, at);
}

static void *serve(void *none)
{
	(void)none;
	for (;;) {
		uint32_t head = atomic_load(&ctl[0].head), cur = atomic_load(&ctl[0].cur), pending = (head + SLOTS - cur) % SLOTS;

		switch (atomic_load(&manner)) {
		case LATE:
			if (pending == 0)
				break;
			usleep(50000);
			atomic_store(&late, true);
			/* fall through */
		case ALL:
			take_up_to(head);
			break;
		case HALF:
			if (pending > SLOTS / 2)
				take_up_to((head + SLOTS / 2) % SLOTS);
			break;
		}
		sched_yield();
	}
	return NULL;
}

static uint32_t pending(void) { return (atomic_load(&ctl[0].head) + SLOTS - atomic_load(&ctl[0].cur)) % SLOTS; }

static void send(uint32_t n)
{
	struct netmap_ring *r = &memory[0].ring;

	CHECK((r->tail + SLOTS - r->head) % SLOTS >= n);
	r->head = r->cur = (r->head + n) % SLOTS;
	CHECK(nm_sync(&port, -1, getpid(), true) == 0);
}

static void flush(void)
{
	atomic_store(&manner, ALL);
	send(0);
	CHECK(pending() == 0);
}

static void stream(int n)
{
	flush();
	for (int i = 0; i < n; i++)
		send(SLOTS / 4);
}

static void waits_for_all(uint32_t n)
{
	while (pending() > 0)
		sched_yield();
	atomic_store(&late, false);
	atomic_store(&manner, LATE);
	send(n);
	CHECK(atomic_load(&late));
	CHECK(pending() == 0);
	CHECK(memory[0].ring.tail == (memory[0].ring.head + SLOTS - 1) % SLOTS);
}

static void waits_for_half(uint32_t n)
{
	atomic_store(&manner, HALF);
	send(n);
	CHECK(pending() > 0 && pending() <= SLOTS / 2);
}

/* In a ring of any size, a stream goes on from half of the ring on, and single frames make none. */
static void all_sizes(void)
{
	static struct nmu_ctl own;

	for (uint32_t slots = 2; slots < 70; slots++) {
		struct nm_ring r = {.ctl = &own, .slots = slots}, single = r;

		for (int i = 0; i < STREAM; i++) {
			nm_count_stream(&r, slots - 1);
			nm_count_stream(&single, (uint32_t)i % 2);
		}
		for (uint32_t head = 0; head < slots; head++) {
			uint32_t goal = nm_stream_goal(&r, head);

			CHECK(nm_stream_goal(&single, head) == head);
			CHECK(slots > LARGE || goal == head);
			for (uint32_t at = 0; at < slots; at++)
				CHECK(nm_on_the_way(goal, at, head) ==
				      (nm_distance(&r, at, head) <= (slots > LARGE ? slots / 2 : 0)));
		}
	}
}

int main(void)
{
	pthread_t thread;

	alarm(60); /* a sync that waits for more than it should */
	all_sizes();
	port.kick = port.wake = open("/dev/null", O_RDWR);
	memory[0].ring.num_slots = memory[1].ring.num_slots = SLOTS;
	take_up_to(0);
	memory[0].ring.tail = SLOTS - 1;
	atomic_store(&ctl[0].told, SLOTS - 1);
	CHECK(pthread_create(&thread, NULL, serve, NULL) == 0);

	stream(14);
	waits_for_all(SLOTS / 4);

	stream(16);
	waits_for_half(SLOTS / 4);
	flush();
	stream(16);
	waits_for_half(SLOTS / 2 - 1);
	waits_for_half(SLOTS / 4);

	stream(16);
	waits_for_all(SLOTS / 8); /* a small one */
	stream(16);
	while (pending() > 0)
		sched_yield();
	send(0); /* nothing to send */
	waits_for_all(SLOTS / 4);
	stream(16);
	CHECK(nm_sync(&port, -1, getpid(), false) == 0); /* a look at what came in */
	waits_for_all(SLOTS / 4);
	stream(16);
	atomic_store(&ctl[0].doorbell, 1); /* the switch sleeps */
	waits_for_all(SLOTS / 4);
	atomic_store(&ctl[0].doorbell, 0);
	stream(16);
	atomic_store(&ctl[0].lockstep, 1); /* a pipe */
	waits_for_all(SLOTS / 4);
	return 0;
}
