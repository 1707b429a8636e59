/* open and its kin. A node has no /dev/netmap: this is what makes it be there. */
#include "preload.h"

#include <fcntl.h>
#include <stdarg.h>

#define DEVICE "/dev/netmap"

static inline bool is_device(const char *path)
{
	return path != NULL && path[0] == '/' && path[1] == 'd' && __builtin_strcmp(path, DEVICE) == 0;
}

/* The device, or -ENOENT where there is no switch: then the path may yet be something. */
static int open_device(int flags)
{
	int fd = nm_open_port(flags);

	return fd == -ENOTDIR || fd == -EACCES ? -ENOENT : fd;
}

#undef open
#undef open64
#undef openat
#undef openat64

typedef int open_function(const char *, int, ...);
typedef int openat_function(int, const char *, int, ...);

static int open_any(open_function *next, const char *path, int flags, int mode)
{
	if (unlikely(is_device(path))) {
		int fd = open_device(flags);

		if (fd != -ENOENT)
			return (int)nm_result(fd);
	}
	if (next != NULL)
		return next(path, flags, mode);
	return (int)nm_result(sys(__NR_openat, AT_FDCWD, path, flags, mode));
}

static int openat_any(openat_function *next, int dir, const char *path, int flags, int mode)
{
	if (unlikely(is_device(path))) {
		int fd = open_device(flags);

		if (fd != -ENOENT)
			return (int)nm_result(fd);
	}
	if (next != NULL)
		return next(dir, path, flags, mode);
	return (int)nm_result(sys(__NR_openat, dir, path, flags, mode));
}

#define MODE(after)                               \
	({                                        \
		va_list args_;                    \
		int mode_;                        \
		va_start(args_, after);           \
		mode_ = va_arg(args_, int);       \
		va_end(args_);                    \
		mode_;                            \
	})

EXPORT int open(const char *path, int flags, ...)
{
	return open_any(NEXT(open), path, flags, MODE(flags));
}

EXPORT int open64(const char *path, int flags, ...)
{
	return open_any(NEXT(open64), path, flags, MODE(flags));
}

EXPORT int openat(int dir, const char *path, int flags, ...)
{
	return openat_any(NEXT(openat), dir, path, flags, MODE(flags));
}

EXPORT int openat64(int dir, const char *path, int flags, ...)
{
	return openat_any(NEXT(openat64), dir, path, flags, MODE(flags));
}

/* What a fortified program calls. */
EXPORT int __open_2(const char *path, int flags)
{
	return open(path, flags, 0);
}

EXPORT int __open64_2(const char *path, int flags)
{
	return open64(path, flags, 0);
}

EXPORT int __openat_2(int dir, const char *path, int flags)
{
	return openat(dir, path, flags, 0);
}

EXPORT int __openat64_2(int dir, const char *path, int flags)
{
	return openat64(dir, path, flags, 0);
}
