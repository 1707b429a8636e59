/* What a program learns of the file by its name or descriptor. */
#include "preload.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEVICE "/dev/netmap"

static inline bool is_device(const char *path)
{
	return path != NULL && path[0] == '/' && path[1] == 'd' && __builtin_strcmp(path, DEVICE) == 0 && nm_reachable();
}

static bool is_port(int fd)
{
	struct nm_open *o = unlikely(nm_slot(fd) != 0) ? nm_get(fd) : NULL;

	if (o != NULL)
		nm_put(o);
	return o != NULL;
}

static int describe(struct stat *st)
{
	nm_device_stat(st);
	return 0;
}

static bool named(int dir, const char *path, int flags)
{
	return is_device(path) || (flags & AT_EMPTY_PATH && path != NULL && path[0] == '\0' && is_port(dir));
}

#undef stat
#undef lstat
#undef fstat
#undef fstatat
#undef stat64
#undef lstat64
#undef fstat64
#undef fstatat64

static int stat_at(int dir, const char *path, struct stat *st, int flags)
{
	if (unlikely(named(dir, path, flags)))
		return describe(st);
	return (int)nm_result(sys(__NR_newfstatat, dir, path, st, flags));
}

static int stat_fd(int fd, struct stat *st)
{
	if (is_port(fd))
		return describe(st);
	return (int)nm_result(sys(__NR_fstat, fd, st));
}

#define STAT(name)                                                \
	EXPORT int name(const char *path, struct stat *st)        \
	{                                                         \
		return stat_at(AT_FDCWD, path, st, 0);            \
	}
#define LSTAT(name)                                               \
	EXPORT int name(const char *path, struct stat *st)        \
	{                                                         \
		return stat_at(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW); \
	}
#define FSTAT(name)                                               \
	EXPORT int name(int fd, struct stat *st)                  \
	{                                                         \
		return stat_fd(fd, st);                           \
	}
#define FSTATAT(name)                                             \
	EXPORT int name(int dir, const char *path, struct stat *st, int flags) \
	{                                                         \
		return stat_at(dir, path, st, flags);             \
	}

STAT(stat)
LSTAT(lstat)
FSTAT(fstat)
FSTATAT(fstatat)

/* struct stat64 is the same on 64-bit machines. */
EXPORT int stat64(const char *path, struct stat64 *st)
{
	return stat(path, (struct stat *)st);
}

EXPORT int lstat64(const char *path, struct stat64 *st)
{
	return lstat(path, (struct stat *)st);
}

EXPORT int fstat64(int fd, struct stat64 *st)
{
	return fstat(fd, (struct stat *)st);
}

EXPORT int fstatat64(int dir, const char *path, struct stat64 *st, int flags)
{
	return fstatat(dir, path, (struct stat *)st, flags);
}

/* What programs call that were built against an older glibc. */
#define XSTAT(name, call)                                         \
	EXPORT int name(int version, const char *path, struct stat *st); \
	EXPORT int name(int version, const char *path, struct stat *st)  \
	{                                                         \
		(void)version;                                    \
		return call(path, st);                            \
	}
#define FXSTAT(name)                                              \
	EXPORT int name(int version, int fd, struct stat *st);    \
	EXPORT int name(int version, int fd, struct stat *st)     \
	{                                                         \
		(void)version;                                    \
		return fstat(fd, st);                             \
	}
#define FXSTATAT(name)                                            \
	EXPORT int name(int version, int dir, const char *path, struct stat *st, int flags); \
	EXPORT int name(int version, int dir, const char *path, struct stat *st, int flags)  \
	{                                                         \
		(void)version;                                    \
		return fstatat(dir, path, st, flags);             \
	}

XSTAT(__xstat, stat)
XSTAT(__xstat64, stat)
XSTAT(__lxstat, lstat)
XSTAT(__lxstat64, lstat)
FXSTAT(__fxstat)
FXSTAT(__fxstat64)
FXSTATAT(__fxstatat)
FXSTATAT(__fxstatat64)

EXPORT int statx(int dir, const char *path, int flags, unsigned mask, struct statx *st)
{
	if (unlikely(named(dir, path, flags))) {
		nm_device_statx(st);
		return 0;
	}
	return (int)nm_result(sys(__NR_statx, dir, path, flags, mask, st));
}

static int access_any(int mode)
{
	return (int)nm_result(mode & X_OK ? -EACCES : 0);
}

EXPORT int access(const char *path, int mode)
{
	if (unlikely(is_device(path)))
		return access_any(mode);
	return (int)nm_result(sys(__NR_access, path, mode));
}

EXPORT int faccessat(int dir, const char *path, int mode, int flags)
{
	__typeof__(&faccessat) next;

	if (unlikely(is_device(path)))
		return access_any(mode);
	next = NEXT(faccessat); /* the flags are libc's work on older kernels */
	return next != NULL ? next(dir, path, mode, flags) : (int)nm_result(sys(__NR_faccessat, dir, path, mode));
}
