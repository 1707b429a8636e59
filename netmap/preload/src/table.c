/* Which descriptors of this process are opens of /dev/netmap, and which are the library's own. */
#include "preload.h"

#include <fcntl.h>
#include <sys/socket.h>

#define MAX_OPENS 4096
#define HIGH      500 /* the library's own descriptors are above, where there is room */
#define DYING     0x80000000u

hidden _Atomic uintptr_t nm_table[NM_MAX_FD];
hidden bool nm_active;
static struct nm_open opens[MAX_OPENS]; /* never given back: a reference may be tried at any time */

/* One more reference, unless there is none left. */
static bool grab(struct nm_open *o)
{
	uint32_t refs = atomic_load(&o->refs);

	while (refs != 0 && !(refs & DYING))
		if (atomic_compare_exchange_weak(&o->refs, &refs, refs + 1))
			return true;
	return false;
}

void nm_hold(struct nm_open *o)
{
	atomic_fetch_add(&o->refs, 1);
}

void nm_put(struct nm_open *o)
{
	uint32_t one = 1;
	int keep;

	while (!atomic_compare_exchange_weak(&o->refs, &one, DYING)) {
		if (one != 1 && atomic_compare_exchange_weak(&o->refs, &one, one - 1))
			return;
		one = 1;
	}
	nm_unbind(&o->port);
	keep = atomic_exchange(&o->keep, -1);
	if (keep >= 0)
		nm_drop_fd(&keep);
	atomic_store(&o->refs, 0);
}

/* A new one, with one reference. */
static struct nm_open *new_open(uint64_t cookie)
{
	for (uint32_t i = 0; i < MAX_OPENS; i++) {
		struct nm_open *o = &opens[i];
		uint32_t none = 0;

		if (!atomic_compare_exchange_strong(&o->refs, &none, DYING))
			continue;
		__builtin_memset(&o->port, 0, sizeof(o->port));
		o->cookie = cookie;
		atomic_store(&o->keep, -1);
		atomic_store(&o->refs, 1);
		return o;
	}
	return NULL;
}

static long get_cookie(int fd, uint64_t *cookie)
{
	uint32_t len = sizeof(*cookie);

	return sys(__NR_getsockopt, fd, SOL_SOCKET, SO_COOKIE, cookie, &len);
}

static uint64_t cookie_of(int fd)
{
	uint64_t cookie = 0;

	return get_cookie(fd, &cookie) < 0 ? 0 : cookie;
}

/* Whether the connection is still there. A program that has shut itself off from the call is believed. */
static bool has_cookie(int fd, uint64_t cookie)
{
	uint64_t now = 0;
	long ret = get_cookie(fd, &now);

	return ret < 0 ? ret == -EPERM || ret == -EACCES || ret == -ENOSYS : now == cookie;
}

static bool install(int fd, void *object, enum nm_kind kind)
{
	if ((unsigned)fd >= NM_MAX_FD)
		return false;
	nm_active = true;
	nm_forget(fd);
	atomic_store(&nm_table[fd], (uintptr_t)object | kind);
	return true;
}

void nm_forget(int fd)
{
	uintptr_t slot = (unsigned)fd < NM_MAX_FD ? atomic_exchange(&nm_table[fd], 0) : 0;

	if (nm_kind(slot) == NM_PORT)
		nm_put(nm_object(slot));
	else if (nm_kind(slot) == NM_EPOLL)
		nm_epoll_put(nm_object(slot));
}

struct nm_open *nm_get(int fd)
{
	for (;;) {
		uintptr_t slot = nm_slot(fd);
		struct nm_open *o = nm_object(slot);

		if (nm_kind(slot) != NM_PORT)
			return NULL;
		if (!grab(o))
			continue; /* it is just being forgotten */
		if (atomic_load(&nm_table[fd]) != slot) {
			nm_put(o);
			continue;
		}
		if (likely(has_cookie(fd, o->cookie)))
			return o;
		/* Closed without us, and the number is something else's now. */
		if (atomic_compare_exchange_strong(&nm_table[fd], &slot, 0))
			nm_put(o);
		nm_put(o);
	}
}

struct nm_open *nm_adopt(int fd)
{
	struct nm_open *o = nm_get(fd);
	uint64_t cookie;
	int ret;

	if (o != NULL || fd < 0 || nm_kind(nm_slot(fd)) != NM_OTHER || !nm_is_connection(fd))
		return o;
	cookie = cookie_of(fd);
	for (uint32_t i = 0; i < MAX_OPENS; i++) { /* another descriptor of one that is known */
		if (opens[i].cookie != cookie || !grab(&opens[i]))
			continue;
		if (opens[i].cookie == cookie) {
			nm_hold(&opens[i]);
			if (!install(fd, &opens[i], NM_PORT))
				nm_put(&opens[i]);
			return &opens[i];
		}
		nm_put(&opens[i]);
	}
	o = new_open(cookie);
	if (o == NULL)
		return NULL;
	ret = nm_describe(&o->port, fd);
	if (ret < 0 && ret != -ENXIO) {
		nm_put(o);
		return NULL;
	}
	nm_hold(o);
	if (!install(fd, o, NM_PORT))
		nm_put(o);
	return o;
}

static const char *socket_path(void)
{
	extern char **environ;
	static const char name[] = "VALELAB_NETMAP=";

	for (char **e = environ; e != NULL && *e != NULL; e++)
		if (__builtin_strncmp(*e, name, sizeof(name) - 1) == 0 && (*e)[sizeof(name) - 1] != '\0')
			return *e + sizeof(name) - 1;
	return "/run/valelab/netmap.sock";
}

bool nm_reachable(void)
{
	return sys(__NR_access, socket_path(), 0) == 0;
}

int nm_open_port(int flags)
{
	struct nm_open *o;
	int fd = nm_connect(socket_path());

	if (fd < 0)
		return fd;
	o = new_open(cookie_of(fd));
	if (o == NULL || !install(fd, o, NM_PORT)) {
		sys_close(fd);
		if (o != NULL)
			nm_put(o);
		return -EMFILE;
	}
	if (!(flags & O_CLOEXEC))
		sys(__NR_fcntl, fd, F_SETFD, 0);
	return fd;
}

bool nm_install_epoll(int fd, struct nm_epoll *ep)
{
	return install(fd, ep, NM_EPOLL);
}

/* All opens are another process's, too, from now on. */
void nm_share_all(void)
{
	for (uint32_t i = 0; nm_active && i < MAX_OPENS; i++) {
		if (!grab(&opens[i]))
			continue;
		if (atomic_load(&opens[i].port.bound))
			nm_share(&opens[i].port);
		nm_put(&opens[i]);
	}
}

/* The descriptor to is a new one of what from is. */
void nm_duplicated(int from, int to)
{
	uintptr_t slot = nm_slot(from);
	struct nm_open *o;

	if (nm_kind(slot) == NM_EPOLL) {
		nm_epoll_hold(nm_object(slot));
		install(to, nm_object(slot), NM_EPOLL);
	} else if ((o = nm_get(from)) != NULL) {
		nm_hold(o);
		if (!install(to, o, NM_PORT))
			nm_put(o);
		nm_put(o);
	}
}

/* Its place is what the table says of a hidden descriptor: the library may have to move it. */
int nm_keep_fd(int *fd)
{
	int high = (int)sys(__NR_fcntl, *fd, F_DUPFD_CLOEXEC, HIGH);

	if (high >= 0) {
		sys_close(*fd);
		*fd = high;
	}
	if (!install(*fd, fd, NM_HIDDEN))
		return -EMFILE;
	return 0;
}

void nm_drop_fd(int *fd)
{
	nm_forget(*fd);
	sys_close(*fd);
}

void nm_may_wait(void)
{
}

/* The program wants to put something else at this number. */
int nm_move_hidden(int fd)
{
	int *place = nm_object(nm_slot(fd));
	int to = (int)sys(__NR_fcntl, fd, F_DUPFD_CLOEXEC, HIGH);

	if (to < 0)
		to = (int)sys(__NR_fcntl, fd, F_DUPFD_CLOEXEC, 3);
	if (to < 0)
		return to;
	__atomic_store_n(place, to, __ATOMIC_SEQ_CST);
	install(to, place, NM_HIDDEN);
	nm_forget(fd);
	return 0;
}
