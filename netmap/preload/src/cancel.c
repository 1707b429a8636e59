/*
 * Cancellation. A thread that waits for ports can be cancelled, as in libc's own poll; what it has taken meanwhile is
 * given back by handlers, which both C libraries keep in lists of one kind.
 */
#include "preload.h"

#include <signal.h>
#include <sys/mman.h>
#include <time.h>

extern void _pthread_cleanup_push(struct nm_cleanup *c, void (*undo)(void *), void *arg) __attribute__((weak));
extern void _pthread_cleanup_pop(struct nm_cleanup *c, int execute) __attribute__((weak));
extern void pthread_testcancel(void) __attribute__((weak));
int ppoll(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);

void nm_cancel_begin(struct nm_cleanup *c, void (*undo)(void *), void *arg)
{
	if (_pthread_cleanup_push != NULL && _pthread_cleanup_pop != NULL)
		_pthread_cleanup_push(c, undo, arg);
}

void nm_cancel_end(struct nm_cleanup *c)
{
	if (_pthread_cleanup_push != NULL && _pthread_cleanup_pop != NULL)
		_pthread_cleanup_pop(c, 0);
}

void nm_cancel_test(void)
{
	if (pthread_testcancel != NULL)
		pthread_testcancel();
}

int nm_ppoll(struct pollfd *fds, unsigned long n, const struct timespec *timeout, const void *mask, size_t mask_size,
	     void (*undo)(void *), void *arg)
{
	__typeof__(&ppoll) next = NEXT(ppoll);
	struct nm_cleanup c;
	int ret;

	if (next == NULL)
		return (int)sys(__NR_ppoll, fds, n, timeout, mask, mask_size);
	nm_cancel_begin(&c, undo, arg);
	ret = next(fds, n, timeout, mask);
	nm_cancel_end(&c);
	return ret < 0 ? -errno : ret;
}

static void unmap(void *arg)
{
	struct nm_room *r = arg;

	sys(__NR_munmap, r->at, r->size);
}

bool nm_room_take(struct nm_room *r, size_t size)
{
	long at = sys(__NR_mmap, NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at < 0 && at > -4096)
		return false;
	r->at = (void *)at;
	r->size = size;
	nm_cancel_begin(&r->cleanup, unmap, r);
	return true;
}

void nm_room_give(struct nm_room *r)
{
	nm_cancel_end(&r->cleanup);
	unmap(r);
}
