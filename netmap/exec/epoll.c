// epoll of the program. The ports that one watches are a list here (preload/src/interest.c), its other descriptors
// are in the kernel's epoll, of which we have a duplicate. A mark in it says which list is its own: an entry that is
// never ready, whose data is a number of ours. So it does not matter by which number of which process it is used.
#include "exec.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_EPOLLS 64
#define MAX_EVENTS 256     // told of at once
#define MAX_INFO   65536   // bytes that /proc says of an epoll

struct epoll {
	bool used;
	uint32_t users; // calls
	uint64_t mark;
	int epfd, marker;
	struct nm_interest ports;
};

// Guards all but the ports, which have a lock of their own.
static pthread_mutex_t list = PTHREAD_MUTEX_INITIALIZER;
static struct epoll epolls[MAX_EPOLLS];
static _Atomic uint32_t any;

bool nm_hold_item(const struct nm_item *it, struct nm_watch *w)
{
	struct open *o = open_hold(it->id);

	if (o == NULL)
		return false;
	w->port = &o->port;
	w->fd = o->conn;
	return true;
}

void nm_release(struct nm_port *p)
{
	open_put((struct open *)p); // its first member
}

static void drop(struct epoll *e)
{
	close(e->marker); // and with it the mark
	close(e->epfd);
	e->used = false;
	atomic_fetch_sub(&any, 1);
}

// An epoll without ports is the kernel's alone again.
static void put(struct epoll *e)
{
	pthread_mutex_lock(&list);
	if (--e->users == 0 && nm_interest_empty(&e->ports))
		drop(e);
	pthread_mutex_unlock(&list);
}

// That of which a process's descriptor has the mark.
static struct epoll *find(int tid, int fd)
{
	char info[MAX_INFO];
	struct epoll *found = NULL;

	if (atomic_load(&any) == 0 || !process_info(tid, fd, info, sizeof(info)))
		return NULL;
	pthread_mutex_lock(&list);
	for (int i = 0; i < MAX_EPOLLS && found == NULL; i++) {
		char mark[32];

		snprintf(mark, sizeof(mark), " data: %16llx", (unsigned long long)epolls[i].mark);
		if (epolls[i].used && strstr(info, mark) != NULL)
			found = &epolls[i];
	}
	if (found != NULL)
		found->users++;
	pthread_mutex_unlock(&list);
	return found;
}

// Those that were closed with ports in them go with their ports, when room is wanted.
static struct epoll *unused(void)
{
	struct epoll *free = NULL;

	for (int i = 0; i < MAX_EPOLLS; i++) {
		if (epolls[i].used && epolls[i].users == 0 && nm_interest_empty(&epolls[i].ports))
			drop(&epolls[i]);
		if (!epolls[i].used)
			free = &epolls[i];
	}
	return free;
}

// Marks the program's epoll as a new one of ours.
static int make(int tid, int fd, struct epoll **made)
{
	struct epoll_event mark = {.events = 0};
	struct epoll *e;
	int ret = 0;

	pthread_mutex_lock(&list);
	e = unused();
	if (e == NULL) {
		pthread_mutex_unlock(&list);
		return -ENOSPC;
	}
	e->epfd = process_descriptor(tid, fd);
	e->marker = eventfd(0, EFD_CLOEXEC);
	if (e->epfd < 0)
		ret = e->epfd;
	else if (e->marker < 0 || getrandom(&e->mark, sizeof(e->mark), 0) != sizeof(e->mark))
		ret = -errno;
	mark.data.u64 = e->mark;
	if (ret == 0 && epoll_ctl(e->epfd, EPOLL_CTL_ADD, e->marker, &mark) < 0)
		ret = -errno;
	if (ret == 0) {
		e->used = true;
		e->users = 1;
		e->ports.n = 0;
		atomic_fetch_add(&any, 1);
		*made = e;
	} else {
		if (e->epfd >= 0)
			close(e->epfd);
		if (e->marker >= 0)
			close(e->marker);
	}
	pthread_mutex_unlock(&list);
	return ret;
}

int64_t epoll_control_for(const struct seccomp_notif *n)
{
	int tid = (int)n->pid, epfd = (int)n->data.args[0], op = (int)n->data.args[1], fd = (int)n->data.args[2], ret;
	struct epoll_event ev = {0};
	struct open *o = open_find(tid, fd);
	struct epoll *e;

	if (o == NULL)
		return GO_ON;
	ret = op == EPOLL_CTL_DEL ? 0 : nm_read(tid, &ev, n->data.args[3], sizeof(ev));
	if (ret == 0 && (e = find(tid, epfd)) == NULL)
		ret = make(tid, epfd, &e);
	if (ret == 0) {
		ret = nm_interest_control(&e->ports, fd, o->token, op, &ev);
		put(e);
	}
	open_put(o);
	return ret;
}

static int timeout_of(const struct seccomp_notif *n, int64_t *ns)
{
	int ms = (int)n->data.args[3];

	if (n->data.nr == __NR_epoll_pwait2)
		return timeout_at((int)n->pid, n->data.args[3], false, ns);
	*ns = ms < 0 ? -1 : ms * 1000000ll;
	return 0;
}

// GO_ON: a signal is to be let in. The kernel's epoll has no ports in it.
static int64_t wait_in(struct supervisor *s, const struct seccomp_notif *n, struct epoll *e, int room, int64_t timeout,
		       struct wait *w)
{
	uint64_t end = 0;
	struct epoll_event events[MAX_EVENTS];

	for (;;) {
		int64_t left = nm_left(&end, timeout), over;
		int ret;

		ret = nm_interest_wait(&e->ports, e->epfd, (int)n->pid, events, room < MAX_EVENTS ? room : MAX_EVENTS,
				       left == 0 ? 0 : wait_nap(w, left), NULL, 0);
		if (ret > 0 && nm_write((int)n->pid, n->data.args[1], events, (size_t)ret * sizeof(events[0])) < 0)
			return -EFAULT;
		if (ret != 0 || left == 0)
			return ret;
		if ((over = wait_over(s, n, w)) != 0)
			return over;
	}
}

int64_t epoll_wait_for(struct supervisor *s, const struct seccomp_notif *n)
{
	struct epoll *e = find((int)n->pid, (int)n->data.args[0]);
	int room = (int)n->data.args[2];
	int64_t timeout, ret;
	struct wait w;

	if (e == NULL)
		return GO_ON;
	ret = room <= 0 ? -EINVAL : timeout_of(n, &timeout);
	if (ret == 0)
		ret = wait_begin(&w, n, n->data.nr == __NR_epoll_wait ? 0 : n->data.args[4], n->data.args[5]);
	if (ret == 0)
		ret = wait_in(s, n, e, room, timeout, &w);
	put(e);
	return ret;
}
