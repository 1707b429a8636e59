/* Descriptors come and go: close, dup and their kin, also in front of the library's own. */
#include "preload.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/uio.h>

#define CLOSE_RANGE_UNSHARE_ 2u
#define CLOSE_RANGE_CLOEXEC_ 4u

int close(int);

EXPORT int close(int fd)
{
	__typeof__(&close) next;

	if (unlikely(nm_slot(fd) != 0)) {
		if (nm_kind(nm_slot(fd)) == NM_HIDDEN)
			return (int)nm_result(-EBADF); /* a program that closes whatever may be there */
		nm_forget(fd);
	}
	next = NEXT(close);
	return next != NULL ? next(fd) : (int)nm_result(sys(__NR_close, fd));
}

/* What is known of the range is forgotten; between hidden descriptors the kernel closes. */
EXPORT int close_range(unsigned first, unsigned last, int flags)
{
	unsigned from = first;
	long ret = 0;

	if (likely(!nm_active) || flags & (int)CLOSE_RANGE_CLOEXEC_ || first > last)
		return (int)nm_result(sys(__NR_close_range, first, last, flags));
	if (flags & (int)CLOSE_RANGE_UNSHARE_) {
		/* The rest is then this process's own affair. */
		ret = sys(__NR_close_range, ~0u, ~0u, CLOSE_RANGE_UNSHARE_);
		flags &= (int)~CLOSE_RANGE_UNSHARE_;
	}
	for (unsigned fd = first; ret == 0 && fd <= last && fd < NM_MAX_FD; fd++) {
		uintptr_t slot = nm_slot((int)fd);

		if (slot != 0 && nm_kind(slot) != NM_HIDDEN)
			nm_forget((int)fd);
		if (nm_kind(slot) != NM_HIDDEN)
			continue;
		if (fd > from)
			ret = sys(__NR_close_range, from, fd - 1, flags);
		from = fd + 1;
	}
	if (ret == 0 && from <= last)
		ret = sys(__NR_close_range, from, last, flags);
	return (int)nm_result(ret);
}

EXPORT void closefrom(int first)
{
	close_range(first < 0 ? 0 : (unsigned)first, ~0u, 0);
}

EXPORT int dup(int fd)
{
	long to = sys(__NR_dup, fd);

	if (unlikely(nm_slot(fd) != 0) && to >= 0)
		nm_duplicated(fd, (int)to);
	return (int)nm_result(to);
}

static int dup_to(int from, int to, int flags, long nr)
{
	long ret;

	if (unlikely(nm_kind(nm_slot(to)) == NM_HIDDEN) && from != to && nm_move_hidden(to) < 0)
		return (int)nm_result(-EBUSY);
	ret = sys(nr, from, to, flags);
	if (unlikely(nm_slot(from) != 0 || nm_slot(to) != 0) && ret >= 0 && from != to) {
		nm_forget(to);
		nm_duplicated(from, to);
	}
	return (int)nm_result(ret);
}

EXPORT int dup2(int from, int to)
{
	return dup_to(from, to, 0, __NR_dup2);
}

EXPORT int dup3(int from, int to, int flags)
{
	return dup_to(from, to, flags, __NR_dup3);
}

static int fcntl_any(int (*next)(int, int, ...), int fd, int command, long arg)
{
	long ret = next != NULL ? next(fd, command, arg) : nm_result(sys(__NR_fcntl, fd, command, arg));

	if (unlikely(nm_slot(fd) != 0) && (command == F_DUPFD || command == F_DUPFD_CLOEXEC) && ret >= 0)
		nm_duplicated(fd, (int)ret);
	return (int)ret;
}

#define ARG(after)                           \
	({                                   \
		va_list args_;               \
		long arg_;                   \
		va_start(args_, after);      \
		arg_ = va_arg(args_, long);  \
		va_end(args_);               \
		arg_;                        \
	})

#undef fcntl
#undef fcntl64
int fcntl64(int, int, ...);

EXPORT int fcntl(int fd, int command, ...)
{
	return fcntl_any(NEXT(fcntl), fd, command, ARG(command));
}

EXPORT int fcntl64(int fd, int command, ...)
{
	return fcntl_any(NEXT(fcntl64), fd, command, ARG(command));
}

/* The device is not for reading and writing. */
static bool is_port(int fd)
{
	struct nm_open *o = nm_slot(fd) != 0 ? nm_get(fd) : NULL;

	if (o != NULL)
		nm_put(o);
	return o != NULL;
}

#define REFUSE(fd)                                           \
	do {                                                 \
		if (unlikely(nm_slot(fd) != 0) && is_port(fd)) \
			return nm_result(-EINVAL);           \
	} while (0)

ssize_t read(int, void *, size_t);
ssize_t write(int, const void *, size_t);

EXPORT ssize_t read(int fd, void *to, size_t len)
{
	__typeof__(&read) next = NEXT(read);

	REFUSE(fd);
	return next != NULL ? next(fd, to, len) : nm_result(sys(__NR_read, fd, to, len));
}

EXPORT ssize_t __read_chk(int fd, void *to, size_t len, size_t room)
{
	if (len > room)
		__builtin_trap();
	return read(fd, to, len);
}

EXPORT ssize_t write(int fd, const void *from, size_t len)
{
	__typeof__(&write) next = NEXT(write);

	REFUSE(fd);
	return next != NULL ? next(fd, from, len) : nm_result(sys(__NR_write, fd, from, len));
}

EXPORT ssize_t readv(int fd, const struct iovec *iov, int n)
{
	__typeof__(&readv) next = NEXT(readv);

	REFUSE(fd);
	return next != NULL ? next(fd, iov, n) : nm_result(sys(__NR_readv, fd, iov, n));
}

EXPORT ssize_t writev(int fd, const struct iovec *iov, int n)
{
	__typeof__(&writev) next = NEXT(writev);

	REFUSE(fd);
	return next != NULL ? next(fd, iov, n) : nm_result(sys(__NR_writev, fd, iov, n));
}
