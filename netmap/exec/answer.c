// One system call of the program: what it means, and what it answers.
#include "exec.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DEVICE "/dev/netmap"
#define PAGE   4096

bool still_there(struct supervisor *s, uint64_t id)
{
	return ioctl(s->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

// A program that was interrupted or killed meanwhile takes no answer.
void reply(struct supervisor *s, uint64_t id, int64_t result)
{
	struct seccomp_notif_resp r = {.id = id};

	if (result == ANSWERED)
		return;
	if (result == GO_ON)
		r.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	else if (result < 0 && result > -PAGE)
		r.error = (int32_t)result;
	else
		r.val = result;
	ioctl(s->listener, SECCOMP_IOCTL_NOTIF_SEND, &r);
}

// The path is looked at once; another thread that changes it then has it its way: the kernel's open fails as ever.
bool is_device(const struct seccomp_notif *n, uint64_t path)
{
	char text[sizeof(DEVICE)];
	uint64_t first = PAGE - path % PAGE;

	if (first > sizeof(text))
		first = sizeof(text);
	if (nm_read((int)n->pid, text, path, first) < 0 || memcmp(text, DEVICE, first) != 0)
		return false;
	return first == sizeof(text) ||
	       (nm_read((int)n->pid, text, path + first, sizeof(text) - first) == 0 &&
		memcmp(text, DEVICE + first, sizeof(text) - first) == 0);
}

// Puts a file of ours into the program at this number. With answers, it is the call's result.
static int put(struct supervisor *s, uint64_t id, int file, uint32_t number, bool cloexec, bool answers)
{
	struct seccomp_notif_addfd add = {
		.id = id,
		.flags = SECCOMP_ADDFD_FLAG_SETFD | (answers ? SECCOMP_ADDFD_FLAG_SEND : 0),
		.srcfd = (uint32_t)file,
		.newfd = number,
		.newfd_flags = cloexec ? O_CLOEXEC : 0,
	};
	int ret = ioctl(s->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);

	return ret < 0 ? -errno : ret;
}

// Who looks for a free number.
static pthread_mutex_t numbers = PTHREAD_MUTEX_INITIALIZER;

// Puts it at a number of ours that is free, from this on. That is the call's result.
static int put_anywhere(struct supervisor *s, struct seccomp_notif *n, int file, uint32_t from, bool cloexec)
{
	int ret = -EMFILE;

	pthread_mutex_lock(&numbers);
	for (uint32_t fd = from; fd < s->first_fd + FDS && ret == -EMFILE; fd++)
		if (!process_has((int)n->pid, (int)fd))
			ret = put(s, n->id, file, fd, cloexec, true);
	pthread_mutex_unlock(&numbers);
	return ret;
}

static void answer_open(struct supervisor *s, struct seccomp_notif *n, uint64_t path, uint64_t flags)
{
	int file, error = 0;
	struct open *o;

	if (!is_device(n, path) || !still_there(s, n->id)) {
		reply(s, n->id, GO_ON);
		return;
	}
	o = open_new(s->socket, &file, &error);
	if (o == NULL) {
		reply(s, n->id, error == -ENOENT ? GO_ON : error);
		return;
	}
	error = put_anywhere(s, n, file, s->first_fd, flags & O_CLOEXEC);
	close(file); // with it the open, where it did not get there
	if (error < 0)
		reply(s, n->id, error);
}

// A copy gets a number of ours, too. One at a number that the program wants is known for what it is by ioctl, poll
// and their kin, and its reads and writes are the memory's.
static void answer_copy(struct supervisor *s, struct seccomp_notif *n, uint64_t from, bool cloexec)
{
	int file;

	if (from >= s->first_fd + FDS || (file = process_descriptor((int)n->pid, (int)n->data.args[0])) < 0) {
		reply(s, n->id, GO_ON);
		return;
	}
	if (put_anywhere(s, n, file, from < s->first_fd ? s->first_fd : (uint32_t)from, cloexec) < 0)
		reply(s, n->id, GO_ON);
	close(file);
}

// The descriptor of an open that has just been registered becomes one of its region.
static int64_t registered(struct supervisor *s, struct seccomp_notif *n, struct open *o, int fd)
{
	int file, ret = open_moved(o, &file);
	bool cloexec = false;
	uint64_t position;

	if (ret < 0)
		return ret;
	process_file((int)n->pid, fd, &position, &cloexec);
	ret = put(s, n->id, file, (uint32_t)fd, cloexec, false);
	close(file);
	return ret < 0 ? ret : 0;
}

static int64_t device_ioctl(struct supervisor *s, struct seccomp_notif *n, struct open *o, int fd)
{
	uint32_t request = (uint32_t)n->data.args[1];
	uint64_t arg = n->data.args[2];
	bool before = atomic_load(&o->port.bound);
	int pid = (int)n->pid;
	int64_t ret;

	switch (request) {
	case NIOCTXSYNC:
		return nm_sync(&o->port, o->conn, pid, true);
	case NIOCRXSYNC:
		return nm_sync(&o->port, o->conn, pid, false);
	case NIOCCTRL:
		ret = nm_ctrl(&o->port, o->conn, pid, arg);
		break;
	case NIOCREGIF:
		ret = nm_legacy(&o->port, o->conn, pid, NMU_OP_REGIF, arg);
		break;
	case NIOCGINFO:
		ret = nm_legacy(&o->port, o->conn, pid, NMU_OP_GINFO, arg);
		break;
	case NIOCCONFIG:
		return nm_config(pid, arg);
	case FIOCLEX:
	case FIONCLEX:
	case FIONBIO:
	case FIOASYNC:
		return GO_ON;
	default:
		return -EOPNOTSUPP;
	}
	if (o->port.native) { // the module has the rings: the real device takes the descriptor's place
		bool cloexec = false;
		uint64_t position;
		int device = o->port.device, put_there;

		o->port.native = false;
		process_file(pid, fd, &position, &cloexec);
		put_there = put(s, n->id, device, (uint32_t)fd, cloexec, false);
		close(device);
		return put_there < 0 ? put_there : ret;
	}
	if (!before && atomic_load(&o->port.bound)) {
		int64_t moved = registered(s, n, o, fd);

		return moved < 0 ? moved : ret;
	}
	return ret;
}

// Control requests on the real device, which has taken an open's place, look up names where the program is, which is
// not where the lab's switches are: the lab answers them, as for any open that has no rings. It can't know what the
// descriptor is bound to. Rings are the device's to open: it says that the descriptor has some.
static bool asks_lab(const struct seccomp_notif *n)
{
	uint32_t request = (uint32_t)n->data.args[1];
	struct nmreq_header head;
	struct stat st;
	bool device;
	int file;

	if (request != NIOCCTRL && request != NIOCGINFO)
		return false;
	file = process_descriptor((int)n->pid, (int)n->data.args[0]);
	if (file < 0)
		return false;
	device = fstat(file, &st) == 0 && S_ISCHR(st.st_mode);
	close(file);
	return device && (request == NIOCGINFO || nm_read((int)n->pid, &head, n->data.args[2], sizeof(head)) < 0 ||
			  head.nr_reqtype != NETMAP_REQ_REGISTER);
}

static int64_t ask_lab(struct supervisor *s, const struct seccomp_notif *n)
{
	int file, error = 0, pid = (int)n->pid;
	struct open *o = open_new(s->socket, &file, &error);
	int64_t ret;

	if (o == NULL)
		return error == -ENOENT ? GO_ON : error;
	ret = (uint32_t)n->data.args[1] == NIOCCTRL ? nm_ctrl(&o->port, o->conn, pid, n->data.args[2])
						     : nm_legacy(&o->port, o->conn, pid, NMU_OP_GINFO, n->data.args[2]);
	close(file); // with it the open
	return ret;
}

static int64_t answer_ioctl(struct supervisor *s, struct seccomp_notif *n)
{
	int fd = (int)n->data.args[0];
	struct open *o = open_find((int)n->pid, fd);
	int64_t ret;

	if (o == NULL)
		return asks_lab(n) ? ask_lab(s, n) : GO_ON;
	ret = device_ioctl(s, n, o, fd);
	open_put(o);
	return ret;
}

// The region's memfd has more in it than the program may see.
static int64_t answer_mmap(struct seccomp_notif *n)
{
	uint64_t len = n->data.args[1], ofs = n->data.args[5];
	struct open *o;
	int64_t ret = GO_ON;

	if (n->data.args[3] & MAP_ANONYMOUS || (o = open_find((int)n->pid, (int)n->data.args[4])) == NULL)
		return GO_ON;
	if (!atomic_load(&o->port.bound) || ofs > o->port.grant.memsize ||
	    len > (o->port.grant.memsize - ofs + PAGE - 1) / PAGE * PAGE)
		ret = -EINVAL;
	open_put(o);
	return ret;
}

// The device is not for reading and writing.
static int64_t refuse(const struct seccomp_notif *n, int error)
{
	struct open *o = open_find((int)n->pid, (int)n->data.args[0]);

	if (o == NULL)
		return GO_ON;
	open_put(o);
	return error;
}

void answer(struct supervisor *s, struct seccomp_notif *n)
{
	switch (n->data.nr) {
	case __NR_openat:
		answer_open(s, n, n->data.args[1], n->data.args[2]);
		return;
	case __NR_open:
		answer_open(s, n, n->data.args[0], n->data.args[1]);
		return;
	case __NR_ioctl:
		reply(s, n->id, answer_ioctl(s, n));
		return;
	case __NR_mmap:
		reply(s, n->id, answer_mmap(n));
		return;
	case __NR_poll:
	case __NR_ppoll:
		reply(s, n->id, poll_for(s, n));
		return;
	case __NR_select:
	case __NR_pselect6:
		reply(s, n->id, select_for(s, n));
		return;
	case __NR_epoll_ctl:
		reply(s, n->id, epoll_control_for(n));
		return;
	case __NR_epoll_wait:
	case __NR_epoll_pwait:
	case __NR_epoll_pwait2:
		reply(s, n->id, epoll_wait_for(s, n));
		return;
	case __NR_stat:
	case __NR_lstat:
	case __NR_fstat:
	case __NR_newfstatat:
	case __NR_statx:
		reply(s, n->id, stat_for(s, n));
		return;
	case __NR_access:
	case __NR_faccessat:
	case __NR_faccessat2:
		reply(s, n->id, access_for(s, n));
		return;
	case __NR_dup:
		answer_copy(s, n, 0, false);
		return;
	case __NR_fcntl:
		if (n->data.args[1] == F_DUPFD || n->data.args[1] == F_DUPFD_CLOEXEC)
			answer_copy(s, n, n->data.args[2], n->data.args[1] == F_DUPFD_CLOEXEC);
		else
			reply(s, n->id, GO_ON);
		return;
	case __NR_read:
	case __NR_write:
	case __NR_readv:
	case __NR_writev:
	case __NR_pread64:
	case __NR_pwrite64:
		reply(s, n->id, refuse(n, -EINVAL));
		return;
	case __NR_lseek:
		reply(s, n->id, refuse(n, -ESPIPE));
		return;
	}
	reply(s, n->id, GO_ON);
}
