// poll and select of the program: the syncs of its ports, and its other descriptors by duplicates.
#include "exec.h"
#include "sys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

// Our threads are not cancelled.
int nm_ppoll(struct pollfd *fds, unsigned long n, const struct timespec *timeout, const void *mask, size_t mask_size,
	     void (*undo)(void *), void *arg)
{
	(void)undo, (void)arg;
	return (int)sys(__NR_ppoll, fds, n, timeout, mask, mask_size);
}

#define MAX_FDS 1024
#define ALWAYS  (POLLERR | POLLHUP | POLLNVAL)
#define IN_SET  (POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR)
#define OUT_SET (POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR)

// A poll with ports in it. Which open a descriptor is, is found out once.
struct call {
	struct pollfd *fds, *local;
	uint64_t *signals; // that a signalfd takes: to us it would tell of our own
	struct nm_watch *watch;
	unsigned n, nw;
};

// The program's ports, by whichever number; false: there are none in it.
static bool find(struct call *c, int tid)
{
	for (unsigned i = 0; i < c->n; i++) {
		struct open *o = c->fds[i].fd >= 0 ? open_find(tid, c->fds[i].fd) : NULL;

		if (o != NULL)
			c->watch[c->nw++] = (struct nm_watch){
				.port = &o->port, .fd = o->conn, .events = c->fds[i].events, .index = i};
	}
	return c->nw > 0;
}

// Duplicates of the others. An error: a seccomp profile around us (Docker's, without CAP_SYS_PTRACE) forbids them.
static int duplicate(struct call *c, int tid)
{
	int ret = 0;

	for (unsigned i = 0, next = 0; i < c->n; i++) {
		int copy;

		c->local[i] = c->fds[i];
		c->local[i].fd = -1;
		if (next < c->nw && c->watch[next].index == i) {
			next++;
			continue;
		}
		if (c->fds[i].fd < 0)
			continue;
		copy = process_descriptor(tid, c->fds[i].fd);
		if (copy >= 0) {
			c->local[i].fd = copy;
			c->signals[i] = signalfd_mask(copy);
			if (c->signals[i] != 0)
				c->local[i].events = 0;
		} else if (copy != -EBADF)
			ret = copy;
	}
	return ret;
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

static int others(struct call *c, int tid)
{
	int found = 0;

	for (unsigned i = 0, next = 0; i < c->n; i++) {
		if (next < c->nw && c->watch[next].index == i) {
			next++;
			continue;
		}
		c->fds[i].revents = c->fds[i].fd >= 0 && c->local[i].fd < 0 ? POLLNVAL : c->local[i].revents;
		if (c->signals[i] != 0 && signals_wait(tid, c->signals[i]))
			c->fds[i].revents |= c->fds[i].events & POLLIN;
		found += c->fds[i].revents != 0;
	}
	return found;
}

static int64_t run(struct supervisor *s, struct call *c, const struct seccomp_notif *n, int64_t timeout, struct wait *w)
{
	uint64_t end = 0;

	for (;;) {
		int found = look(c, (int)n->pid), ret = 0;
		int64_t left = nm_left(&end, timeout), over;

		for (unsigned i = 0; i < c->n; i++)
			c->local[i].revents = 0;
		if (c->nw < c->n || found == 0)
			ret = nm_block(c->watch, c->nw, c->local, c->n, found > 0 || left == 0 ? 0 : wait_nap(w, left), NULL, 0);
		if (ret > 0 && found == 0)
			found = look(c, (int)n->pid);
		found += others(c, (int)n->pid);
		if (found > 0 || left == 0)
			return found;
		if ((over = wait_over(s, n, w)) != 0)
			return over;
	}
}

// GO_ON: there is no port in it (fds is as it was), or a signal is to be let in (nothing of the ports is
// then asked for: the memory that they are to the kernel is not ready for that).
static int64_t poll_set(struct supervisor *s, const struct seccomp_notif *n, struct pollfd *fds, unsigned count,
			int64_t timeout, struct wait *w)
{
	size_t size = count * (3 * sizeof(*fds) + sizeof(struct nm_watch) + sizeof(uint64_t));
	struct call c = {.fds = fds, .n = count, .watch = calloc(1, size)};
	int64_t ret;

	if (c.watch == NULL)
		return -ENOMEM;
	c.signals = (uint64_t *)(c.watch + count);
	c.local = (struct pollfd *)(c.signals + count);
	ret = GO_ON;
	if (find(&c, (int)n->pid)) {
		ret = duplicate(&c, (int)n->pid);
		if (ret == 0)
			ret = run(s, &c, n, timeout, w);
		for (unsigned i = 0; ret == GO_ON && i < c.nw; i++)
			fds[c.watch[i].index].events = 0;
		release(&c);
	}
	free(c.watch);
	return ret;
}

// The time limit at this address, which is NULL or a struct timespec; micro: a struct timeval.
int timeout_at(int tid, uint64_t at, bool micro, int64_t *ns)
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

// Lets the kernel go on with a poll of the others, and the program have its array back then.
static int64_t poll_without(struct supervisor *s, const struct seccomp_notif *n, const struct wait *w,
			    const struct pollfd *without, const struct pollfd *fds, unsigned count)
{
	uint64_t at = n->data.args[0];

	hide_begin();
	nm_write(w->tid, at, without, count * sizeof(*fds));
	reply(s, n->id, GO_ON);
	hide_wait(w);
	for (unsigned i = 0; i < count; i++)
		if (without[i].events != fds[i].events)
			nm_write(w->tid, at + i * sizeof(*fds) + offsetof(struct pollfd, events), &fds[i].events,
				 sizeof(fds[i].events));
	hide_end();
	return ANSWERED;
}

int64_t poll_for(struct supervisor *s, struct seccomp_notif *n)
{
	struct pollfd fds[MAX_FDS], was[MAX_FDS];
	uint64_t at = n->data.args[0], count = n->data.args[1];
	bool plain = n->data.nr == __NR_poll;
	int64_t timeout = (int)n->data.args[2], ret;
	struct wait w;

	if (!open_any() || count == 0 || count > MAX_FDS)
		return GO_ON;
	hide_none();
	if (nm_read((int)n->pid, fds, at, count * sizeof(fds[0])) < 0)
		return GO_ON;
	memcpy(was, fds, count * sizeof(fds[0]));
	ret = wait_begin(&w, n, plain ? 0 : n->data.args[3], n->data.args[4]);
	if (plain)
		timeout = timeout < 0 ? -1 : timeout * 1000000;
	else if (ret == 0)
		ret = timeout_at((int)n->pid, n->data.args[2], false, &timeout);
	if (ret == 0)
		ret = poll_set(s, n, fds, (unsigned)count, timeout, &w);
	if (ret == GO_ON && memcmp(was, fds, count * sizeof(fds[0])) != 0)
		return poll_without(s, n, &w, fds, was, (unsigned)count);
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

static void write_sets(const struct sets *x, const struct seccomp_notif *n)
{
	for (int i = 0; i < 3; i++)
		if (x->at[i] != 0)
			nm_write((int)n->pid, x->at[i], &x->set[i], x->size);
}

// Lets the kernel go on with a select of the others.
static int64_t select_without(struct supervisor *s, const struct seccomp_notif *n, const struct wait *w,
			      const struct sets *x, const struct pollfd *fds, unsigned count, const struct pollfd *was)
{
	struct sets without = *x;

	for (unsigned i = 0; i < count; i++)
		for (int which = 0; fds[i].events != was[i].events && which < 3; which++)
			FD_CLR(was[i].fd, &without.set[which]);
	hide_begin();
	write_sets(&without, n);
	reply(s, n->id, GO_ON);
	hide_wait(w);
	write_sets(x, n);
	hide_end();
	return ANSWERED;
}

// The mask of a pselect, as its last argument has it: 0 and 0 if there is none.
static void select_mask(const struct seccomp_notif *n, uint64_t mask[2])
{
	mask[0] = mask[1] = 0;
	if (n->data.nr == __NR_pselect6 && n->data.args[5] != 0)
		nm_read((int)n->pid, mask, n->data.args[5], 2 * sizeof(mask[0]));
}

int64_t select_for(struct supervisor *s, struct seccomp_notif *n)
{
	struct sets x = {.at = {n->data.args[1], n->data.args[2], n->data.args[3]}};
	struct pollfd fds[FD_SETSIZE], was[FD_SETSIZE];
	struct wait w;
	uint64_t mask[2];
	int64_t nfds = (int)n->data.args[0], timeout, left, ret;
	uint64_t begin = nm_now();
	unsigned count = 0;

	if (!open_any() || nfds <= 0 || nfds > FD_SETSIZE)
		return GO_ON;
	hide_none();
	x.size = (size_t)(nfds + 63) / 64 * 8;
	for (int i = 0; i < 3; i++)
		if (x.at[i] != 0 && nm_read((int)n->pid, &x.set[i], x.at[i], x.size) < 0)
			return GO_ON;
	for (int fd = 0; fd < nfds; fd++) {
		if (wanted(&x, fd) == 0)
			continue;
		fds[count++] = (struct pollfd){.fd = fd, .events = wanted(&x, fd)};
	}
	memcpy(was, fds, count * sizeof(fds[0]));
	select_mask(n, mask);
	ret = wait_begin(&w, n, mask[0], mask[1]);
	if (ret == 0)
		ret = timeout_at((int)n->pid, n->data.args[4], n->data.nr == __NR_select, &timeout);
	if (ret == 0)
		ret = poll_set(s, n, fds, count, timeout, &w);
	if (ret == GO_ON && memcmp(was, fds, count * sizeof(fds[0])) != 0)
		return select_without(s, n, &w, &x, fds, count, was);
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
