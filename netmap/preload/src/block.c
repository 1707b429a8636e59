/* Sleeping until a port moves or an ordinary descriptor is ready: what poll, select and epoll have in common. */
#include "client.h"
#include "sys.h"

#include <signal.h>
#include <time.h>

/*
 * Ports that were busy are looked at for a while: to sleep and be woken, perhaps on a processor that has gone to
 * sleep itself, takes longer than the switch needs to go on. The processor is given away meanwhile.
 */
#define LINGER 100000 /* ns */

static bool any_moved(struct nm_watch *w, unsigned nw)
{
	for (unsigned i = 0; i < nw; i++)
		if (atomic_load(&w[i].port->bound) && nm_moved(w[i].port, w[i].events, w[i].edge))
			return true;
	return false;
}

static bool linger(struct nm_watch *w, unsigned nw, int64_t timeout)
{
	struct nm_spin spin = {0};
	bool busy = false;

	for (unsigned i = 0; i < nw; i++)
		if (atomic_load(&w[i].port->bound))
			busy |= nm_busy(w[i].port, w[i].events);
	if (!busy)
		return false;
	do {
		if (any_moved(w, nw))
			return true;
	} while (nm_spin(&spin, (uint64_t)(timeout >= 0 && timeout < LINGER ? timeout : LINGER)));
	return false;
}

struct sleep {
	struct nm_watch *w;
	unsigned nw;
};

static void cancelled(void *arg)
{
	struct sleep *s = arg;

	for (unsigned i = 0; i < s->nw; i++) {
		if (!s->w[i].awake)
			nm_end_sleep(s->w[i].port);
		nm_release(s->w[i].port);
	}
}

static int wait_for(struct sleep *s, struct pollfd *fds, unsigned long n, int64_t timeout, const void *mask, size_t mask_size)
{
	struct timespec ts = {.tv_sec = timeout / 1000000000, .tv_nsec = timeout % 1000000000};

	return nm_ppoll(fds, n, timeout < 0 ? NULL : &ts, mask, mask_size, cancelled, s);
}

/*
 * Behind the n ordinary descriptors in fds there is room for two more a port. Returns what ppoll says of them all,
 * 0 also when a port has moved: the caller looks again, and knows when its time is over.
 */
int nm_block(struct nm_watch *w, unsigned nw, struct pollfd *fds, unsigned long n, int64_t timeout, const void *mask,
	     size_t mask_size)
{
	unsigned long total = n;
	struct sleep sleep = {w, nw};
	int ret;

	if (timeout != 0)
		nm_may_wait();
	if (timeout != 0 && linger(w, nw, timeout))
		timeout = 0;
	for (unsigned i = 0; i < nw; i++) {
		struct nm_port *p = w[i].port;
		struct pollfd wake = {.fd = p->wake, .events = POLLIN}, conn = {.fd = w[i].fd};

		w[i].awake = timeout == 0 || !atomic_load(&p->bound);
		if (w[i].awake)
			continue;
		fds[total++] = wake;
		fds[total++] = conn;
		if (nm_begin_sleep(p) && (timeout < 0 || timeout > NM_NAP * 1000000ll))
			timeout = NM_NAP * 1000000ll;
		nm_arm(p, w[i].events);
	}
	ret = wait_for(&sleep, fds, total, timeout != 0 && any_moved(w, nw) ? 0 : timeout, mask, mask_size);
	for (unsigned i = nw; i-- > 0;) {
		struct nm_port *p = w[i].port;

		if (w[i].awake)
			continue;
		nm_end_sleep(p);
		total -= 2;
		if (ret > 0 && fds[total + 1].revents & (POLLHUP | POLLERR))
			atomic_store(&p->dead, true);
		if (ret > 0 && fds[total].revents != 0) {
			nm_drain(p);
			ret--;
		}
		if (ret > 0 && fds[total + 1].revents != 0)
			ret--;
	}
	return ret;
}
