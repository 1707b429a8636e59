// The restart policy, with Docker's meaning.
#include "node.h"

// All in milliseconds.
enum { FIRST_BACKOFF = 100, LAST_BACKOFF = 10000, GOOD_RUN = 10000 };

// node_restart_wanted tells whether a command that has ended is started again.
int node_restart_wanted(const struct config *c, unsigned restarts, int failed)
{
	switch (c->restart) {
	case RESTART_ALWAYS:
		return 1;
	case RESTART_ON_FAILURE:
		return failed && (c->restart_max == 0 || restarts < c->restart_max);
	default:
		return 0;
	}
}

// node_restart_delay returns how long to wait before the next start: twice as
// long each time, from the beginning again after a good run. *backoff is 0 at
// first.
uint64_t node_restart_delay(uint64_t *backoff, uint64_t ran)
{
	if (*backoff == 0 || ran >= GOOD_RUN)
		*backoff = FIRST_BACKOFF;
	else if (*backoff < LAST_BACKOFF / 2)
		*backoff *= 2;
	else
		*backoff = LAST_BACKOFF;
	return *backoff;
}
