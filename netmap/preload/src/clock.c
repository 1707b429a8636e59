/* Time, waiting, and the id of the thread. */
#include "client.h"
#include "sys.h"

#include <time.h>

uint64_t nm_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

int64_t nm_left(uint64_t *end, int64_t timeout)
{
	uint64_t now;

	if (timeout <= 0)
		return timeout;
	now = nm_now();
	if (*end == 0)
		*end = now + (uint64_t)timeout;
	return *end > now ? (int64_t)(*end - now) : 0;
}

/* Where the kernel has to be asked, time costs more than the rest of a turn: it is looked at now and then. */
#define TURNS 16

bool nm_spin(struct nm_spin *s, uint64_t time)
{
	if (++s->turns % TURNS == 0) {
		uint64_t now = nm_now();

		if (s->end == 0)
			s->end = now + time;
		if (now >= s->end)
			return false;
	}
	sys_yield();
	return true;
}

/* A fork makes the ids that threads remember wrong. */
static _Atomic uint32_t generation = 1;
static __thread __attribute__((tls_model("initial-exec"))) struct {
	uint32_t generation, id;
} self;

uint32_t nm_thread(void)
{
	uint32_t now = atomic_load_explicit(&generation, memory_order_relaxed);

	if (unlikely(self.generation != now)) {
		self.id = (uint32_t)sys(__NR_gettid);
		self.generation = now;
	}
	return self.id;
}

void nm_forked(void)
{
	atomic_fetch_add(&generation, 1);
}
