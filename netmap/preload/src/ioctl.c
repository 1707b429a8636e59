/* ioctl of /dev/netmap. */
#include "preload.h"

#include <stdarg.h>
#include <sys/ioctl.h>

#define TYPE(request) ((request) >> 8 & 0xff)

static int device_ioctl(struct nm_open *o, int fd, uint32_t request, uint64_t arg)
{
	int pid = (int)sys(__NR_getpid);

	switch (request) {
	case NIOCTXSYNC:
		return nm_sync(&o->port, fd, pid, true);
	case NIOCRXSYNC:
		return nm_sync(&o->port, fd, pid, false);
	case NIOCCTRL:
		return nm_ctrl(&o->port, fd, pid, arg);
	case NIOCREGIF:
		return nm_legacy(&o->port, fd, pid, NMU_OP_REGIF, arg);
	case NIOCGINFO:
		return nm_legacy(&o->port, fd, pid, NMU_OP_GINFO, arg);
	case NIOCCONFIG:
		return nm_config(pid, arg);
	case FIOCLEX:
	case FIONCLEX:
	case FIONBIO:
	case FIOASYNC:
		/* The kernel's own, of every descriptor. */
		return (int)sys(__NR_ioctl, fd, request, arg);
	}
	return -EOPNOTSUPP;
}

EXPORT int ioctl(int fd, unsigned long wide, ...)
{
	uint32_t request = (uint32_t)wide; /* a C library may extend its sign */
	struct nm_open *o = NULL;
	va_list args;
	uint64_t arg;
	int ret;

	va_start(args, wide);
	arg = va_arg(args, uint64_t);
	va_end(args);
	if (unlikely(TYPE(request) == TYPE(NIOCTXSYNC)))
		o = nm_adopt(fd);
	else if (unlikely(nm_slot(fd) != 0))
		o = nm_get(fd);
	if (likely(o == NULL))
		return (int)nm_result(sys(__NR_ioctl, fd, request, arg));
	ret = device_ioctl(o, fd, request, arg);
	nm_put(o);
	return (int)nm_result(ret);
}
