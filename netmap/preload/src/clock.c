/* Time, and the id of the thread. */
#include "client.h"
#include "sys.h"

#include <time.h>

uint64_t nm_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
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
