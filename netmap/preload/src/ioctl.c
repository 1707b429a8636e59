/* ioctl of /dev/netmap. */
#include "preload.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#define TYPE(request) ((request) >> 8 & 0xff)

/*
 * What the module has opened comes as a descriptor of the real device. It takes the connection's place, and the
 * program has the module to itself: syncs, polls and mappings are no affair of ours any more.
 */
static int go_native(struct nm_open *o, int fd)
{
	long flags = sys(__NR_fcntl, fd, F_GETFD), status = sys(__NR_fcntl, fd, F_GETFL);
	int device = o->port.device;
	long ret;

	o->port.native = false;
	nm_forget(fd);
	ret = sys(__NR_dup3, device, fd, flags & FD_CLOEXEC ? O_CLOEXEC : 0);
	if (ret >= 0 && status >= 0)
		sys(__NR_fcntl, fd, F_SETFL, status & O_NONBLOCK);
	sys_close(device);
	return ret < 0 ? (int)ret : 0;
}

/*
 * Control requests on the real device look up names where this process is, which is not where the lab's switches are:
 * the lab answers them, as for any open that has no rings. It can't know what the descriptor is bound to.
 */
static bool asks_lab(int fd, uint32_t request, uint64_t arg)
{
	struct nmreq_header head;
	struct stat st;

	if ((request != NIOCCTRL && request != NIOCGINFO) || sys(__NR_fstat, fd, &st) < 0 || !S_ISCHR(st.st_mode) ||
	    !nm_reachable())
		return false;
	return request == NIOCGINFO || nm_read((int)sys(__NR_getpid), &head, arg, sizeof(head)) < 0 ||
	       head.nr_reqtype != NETMAP_REQ_REGISTER;
}

static int ask_lab(uint32_t request, uint64_t arg)
{
	int fd = nm_open_port(O_CLOEXEC), pid = (int)sys(__NR_getpid), ret;
	struct nm_open *o = fd < 0 ? NULL : nm_get(fd);

	if (o == NULL)
		return fd < 0 ? fd : -ENXIO;
	ret = request == NIOCCTRL ? nm_ctrl(&o->port, fd, pid, arg) : nm_legacy(&o->port, fd, pid, NMU_OP_GINFO, arg);
	nm_forget(fd);
	sys_close(fd);
	nm_put(o);
	return ret;
}

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
	if (likely(o == NULL)) {
		if (unlikely(TYPE(request) == TYPE(NIOCTXSYNC)) && asks_lab(fd, request, arg))
			return (int)nm_result(ask_lab(request, arg));
		return (int)nm_result(sys(__NR_ioctl, fd, request, arg));
	}
	ret = device_ioctl(o, fd, request, arg);
	if (unlikely(o->port.native) && ret == 0)
		ret = go_native(o, fd);
	nm_put(o);
	return (int)nm_result(ret);
}
