// Signals for a program that waits in a call of ours. From Linux 5.19 on they do not interrupt it: it has been begun,
// and is not to be done twice. So we look for them. A signal that only the mask of a ppoll, pselect or epoll_pwait
// lets through is the kernel's to deliver: it goes on with the call, in which the ports are hidden for that moment.
#include "exec.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_NAP 1000000  // ns, doubled each time
#define LAST_NAP  50000000
#define PATIENCE  1000 // looks whether a signal has been delivered

// Guards arguments that are changed: who reads the program's arguments meanwhile waits until they are as they were.
static pthread_mutex_t changed = PTHREAD_MUTEX_INITIALIZER;

int wait_begin(struct wait *w, const struct seccomp_notif *n, uint64_t mask, uint64_t size)
{
	*w = (struct wait){.tid = (int)n->pid, .nap = FIRST_NAP};
	if (mask == 0)
		return 0;
	if (size != sizeof(w->mask))
		return -EINVAL;
	w->masked = true;
	return nm_read(w->tid, &w->mask, mask, sizeof(w->mask));
}

int64_t wait_nap(struct wait *w, int64_t left)
{
	int64_t nap = w->nap;

	w->nap = nap * 2 < LAST_NAP ? nap * 2 : LAST_NAP;
	return left < 0 || left > nap ? nap : left;
}

static uint64_t set(const char *status, const char *name)
{
	const char *at = strstr(status, name);

	return at != NULL ? strtoull(at + strlen(name), NULL, 16) : 0;
}

static bool signals(int tid, uint64_t *pending, uint64_t *blocked)
{
	char text[4096];

	if (!process_status(tid, text, sizeof(text)))
		return false;
	*pending = set(text, "\nSigPnd:\t") | set(text, "\nShdPnd:\t");
	*blocked = set(text, "\nSigBlk:\t");
	return true;
}

// The signals that a signalfd of ours takes; 0: it is none.
uint64_t signalfd_mask(int fd)
{
	static const char is[] = "anon_inode:[signalfd]";
	char path[64], text[512];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, text, sizeof(text));
	if (n != sizeof(is) - 1 || memcmp(text, is, sizeof(is) - 1) != 0 || !process_info(gettid(), fd, text, sizeof(text)))
		return 0;
	return set(text, "\nsigmask:\t");
}

bool signals_wait(int tid, uint64_t mask)
{
	uint64_t pending, blocked;

	return signals(tid, &pending, &blocked) && (pending & mask) != 0;
}

int64_t wait_over(struct supervisor *s, const struct seccomp_notif *n, const struct wait *w)
{
	uint64_t pending, blocked, due;

	if (!still_there(s, n->id) || !signals(w->tid, &pending, &blocked))
		return -EINTR;
	due = pending & ~(w->masked ? w->mask : blocked);
	if (due == 0)
		return 0;
	return due & ~blocked ? -EINTR : GO_ON;
}

void hide_begin(void)
{
	pthread_mutex_lock(&changed);
}

// The kernel has the call, and has read its arguments once the signal is gone.
void hide_wait(const struct wait *w)
{
	uint64_t pending, blocked;

	for (int i = 0; i < PATIENCE && signals(w->tid, &pending, &blocked) && (pending & blocked & ~w->mask); i++)
		sched_yield();
}

void hide_end(void)
{
	pthread_mutex_unlock(&changed);
}

void hide_none(void)
{
	hide_begin();
	hide_end();
}
