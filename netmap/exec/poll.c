// poll and select of the program: the syncs of its ports, and its other descriptors by duplicates. A signal ends its
// wait at once; we notice a little later. The masks of ppoll and pselect can't be set for it.
#include "exec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define MAX_FDS 1024
#define GLANCE  100000000 // ns between two looks whether it still waits
#define ALWAYS  (POLLERR | POLLHUP | POLLNVAL)
#define IN_SET  (POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR)
#define OUT_SET (POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR)

// A poll with ports in it. Which open a descriptor is, is found out once.
struct call {
	struct pollfd *fds, *local;
	struct nm_watch *watch;
	unsigned n, nw;
};

static bool ours(const struct supervisor *s, int fd)
{
	return fd >= (int)s->first_fd && fd < (int)s->first_fd + FDS;
}

static void find(struct supervisor *s, struct call *c, int tid)
{
	for (unsigned i = 0; i < c->n; i++) {
		struct pollfd *f = &c->fds[i];
		struct open *o = ours(s, f->fd) ? open_find(tid, f->fd) : NULL;

		c->local[i] = *f;
		c->local[i].fd = -1;
		if (o != NULL)
			c->watch[c->nw++] = (struct nm_watch){.port = &o->port, .fd = o->conn, .events = f->events, .index = i};
		else if (f->fd >= 0)
			c->local[i].fd = process_descriptor(tid, f->fd);
	}
}

static void release(struct call *c)
{
	for (unsigned i = 0; i < c->nw; i++)
		open_put((struct open *)c->watch[i].port); // its first member
	for (unsigned i = 0; i < c->n; i++)
		if (c->local[i].fd >= 0)
			close(c->local[i].fd);
}

static int look(struct call *c, int tid)
{
	int found = 0;

	for (unsigned i = 0; i < c->nw; i++) {
		struct nm_watch *w = &c->watch[i];

		c->fds[w->index].revents = nm_ready(w->port, w->fd, tid, w->events) & (short)(w->events | ALWAYS);
		found += c->fds[w->index].revents != 0;
	}
	return found;
}

static int others(struct call *c)
{
	int found = 0;

	for (unsigned i = 0, next = 0; i < c->n; i++) {
		if (next < c->nw && c->watch[next].index == i) {
			next++;
			continue;
		}
		c->fds[i].revents = c->fds[i].fd >= 0 && c->local[i].fd < 0 ? POLLNVAL : c->local[i].revents;
		found += c->fds[i].revents != 0;
	}
	return found;
}

static int64_t run(struct supervisor *s, struct call *c, const struct seccomp_notif *n, int64_t timeout)
{
	uint64_t end = nm_now() + (uint64_t)(timeout > 0 ? timeout : 0);

	for (;;) {
		int64_t left = timeout;
		int found = look(c, (int)n->pid), ret = 0;

		if (timeout > 0 && (left = (int64_t)(end - nm_now())) < 0)
			left = 0;
		for (unsigned i = 0; i < c->n; i++)
			c->local[i].revents = 0;
		if (c->nw < c->n || found == 0)
			ret = nm_block(c->watch, c->nw, c->local, c->n, found > 0 ? 0 : left < 0 || left > GLANCE ? GLANCE : left,
				       NULL, 0);
		if (ret > 0 && found == 0)
			found = look(c, (int)n->pid);
		found += others(c);
		if (found > 0 || left == 0)
			return found;
		if (!still_there(s, n->id))
			return -EINTR;
	}
}

static int64_t poll_set(struct supervisor *s, const struct seccomp_notif *n, struct pollfd *fds, unsigned count,
			int64_t timeout)
{
	size_t size = count * (3 * sizeof(*fds) + sizeof(struct nm_watch));
	struct call c = {.fds = fds, .n = count, .watch = calloc(1, size)};
	int64_t ret;

	if (c.watch == NULL)
		return -ENOMEM;
	c.local = (struct pollfd *)(c.watch + count);
	find(s, &c, (int)n->pid);
	ret = run(s, &c, n, timeout);
	release(&c);
	free(c.watch);
	return ret;
}

// The time limit at this address, which is NULL or a struct timespec; micro: a struct timeval.
static int timeout_at(int tid, uint64_t at, bool micro, int64_t *ns)
{
	struct timespec ts;

	*ns = -1;
	if (at == 0)
		return 0;
	if (nm_read(tid, &ts, at, sizeof(ts)) < 0)
		return -EFAULT;
	if (ts.tv_sec < 0 || ts.tv_nsec < 0)
		return -EINVAL;
	if (ts.tv_sec < INT64_MAX / 1000000000 - 1)
		*ns = ts.tv_sec * 1000000000 + ts.tv_nsec * (micro ? 1000 : 1);
	return 0;
}

int64_t poll_for(struct supervisor *s, struct seccomp_notif *n)
{
	struct pollfd fds[MAX_FDS];
	uint64_t at = n->data.args[0], count = n->data.args[1];
	int64_t timeout = (int)n->data.args[2], ret;
	bool any = false;

	if (count == 0 || count > MAX_FDS || nm_read((int)n->pid, fds, at, count * sizeof(fds[0])) < 0)
		return GO_ON;
	for (uint64_t i = 0; i < count; i++)
		any = any || ours(s, fds[i].fd);
	if (!any)
		return GO_ON;
	if (n->data.nr == __NR_poll)
		timeout = timeout < 0 ? -1 : timeout * 1000000;
	else if ((ret = timeout_at((int)n->pid, n->data.args[2], false, &timeout)) < 0)
		return ret;
	ret = poll_set(s, n, fds, (unsigned)count, timeout);
	if (ret >= 0 && nm_write((int)n->pid, at, fds, count * sizeof(fds[0])) < 0)
		return -EFAULT;
	return ret;
}

struct sets {
	uint64_t at[3];
	fd_set set[3]; // in, out, exceptions
	size_t size;
};

static bool has(const struct sets *x, int which, int fd)
{
	return x->at[which] != 0 && FD_ISSET(fd, &x->set[which]);
}

static short wanted(const struct sets *x, int fd)
{
	return (short)((has(x, 0, fd) ? POLLIN | POLLRDNORM | POLLRDBAND : 0) |
		       (has(x, 1, fd) ? POLLOUT | POLLWRNORM | POLLWRBAND : 0) | (has(x, 2, fd) ? POLLPRI : 0));
}

static int64_t give(struct sets *x, const struct seccomp_notif *n, const struct pollfd *fds, unsigned count)
{
	static const int meaning[3] = {IN_SET, OUT_SET, POLLPRI};
	int found = 0;

	for (unsigned i = 0; i < count; i++)
		if (fds[i].revents & POLLNVAL)
			return -EBADF;
	for (int which = 0; which < 3; which++) {
		for (unsigned i = 0; i < count; i++) {
			if (!has(x, which, fds[i].fd))
				continue;
			if (fds[i].revents & meaning[which])
				found++;
			else
				FD_CLR(fds[i].fd, &x->set[which]);
		}
		if (x->at[which] != 0 && nm_write((int)n->pid, x->at[which], &x->set[which], x->size) < 0)
			return -EFAULT;
	}
	return found;
}

int64_t select_for(struct supervisor *s, struct seccomp_notif *n)
{
	struct sets x = {.at = {n->data.args[1], n->data.args[2], n->data.args[3]}};
	struct pollfd fds[FD_SETSIZE];
	int64_t nfds = (int)n->data.args[0], timeout, left, ret;
	uint64_t begin = nm_now();
	unsigned count = 0;
	bool any = false;

	if (nfds <= (int)s->first_fd || nfds > FD_SETSIZE)
		return GO_ON;
	x.size = (size_t)(nfds + 63) / 64 * 8;
	for (int i = 0; i < 3; i++)
		if (x.at[i] != 0 && nm_read((int)n->pid, &x.set[i], x.at[i], x.size) < 0)
			return GO_ON;
	for (int fd = 0; fd < nfds; fd++) {
		if (wanted(&x, fd) == 0)
			continue;
		fds[count++] = (struct pollfd){.fd = fd, .events = wanted(&x, fd)};
		any = any || ours(s, fd);
	}
	if (!any)
		return GO_ON;
	ret = timeout_at((int)n->pid, n->data.args[4], n->data.nr == __NR_select, &timeout);
	if (ret == 0)
		ret = poll_set(s, n, fds, count, timeout);
	if (ret >= 0)
		ret = give(&x, n, fds, count);
	if (ret >= 0 && n->data.nr == __NR_select && timeout >= 0) { // as the kernel does: what is left of it
		left = timeout - (int64_t)(nm_now() - begin);
		left = left < 0 ? 0 : left;
		nm_write((int)n->pid, n->data.args[4],
			 &(struct timeval){.tv_sec = left / 1000000000, .tv_usec = left % 1000000000 / 1000},
			 sizeof(struct timeval));
	}
	return ret;
}
