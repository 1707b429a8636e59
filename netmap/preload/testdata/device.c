/* The device without a port: what it looks like, and what it answers to those who ask wrongly. */
#include "program.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>

int __open_2(const char *, int);
int __open64_2(const char *, int);
int __openat_2(int, const char *, int);
int __openat64_2(int, const char *, int);
ssize_t __read_chk(int, void *, size_t, size_t);
int __xstat(int, const char *, struct stat *);
int __lxstat(int, const char *, struct stat *);
int __fxstat(int, int, struct stat *);
int __fxstatat(int, int, const char *, struct stat *, int);

static void is_device(const struct stat *st)
{
	CHECK(S_ISCHR(st->st_mode));
	CHECK(st->st_rdev >> 8 == 10);
}

static void is_netmap(int fd)
{
	struct nmreq_pools_info pools;
	struct stat st;
	char byte;
	struct iovec iov = {&byte, 1};

	CHECK(fd >= 0);
	FAILS(ioctl(fd, NIOCTXSYNC, NULL), ENXIO);
	FAILS(ioctl(fd, NIOCRXSYNC, NULL), ENXIO);
	FAILS(read(fd, &byte, 1), EINVAL);
	FAILS(readv(fd, &iov, 1), EINVAL);
	FAILS(__read_chk(fd, &byte, 1, 1), EINVAL);
	FAILS(write(fd, &byte, 1), EINVAL);
	FAILS(writev(fd, &iov, 1), EINVAL);
	FAILS(lseek(fd, 0, SEEK_CUR), ESPIPE);
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EINVAL);
	CHECK(fstat(fd, &st) == 0);
	is_device(&st);
	CHECK(fstatat(fd, "", &st, AT_EMPTY_PATH) == 0);
	is_device(&st);
	FAILS(ioctl(fd, 0x5401, &st), EOPNOTSUPP); /* TCGETS */
	CHECK(isatty(fd) == 0);
	CHECK(fcntl(fd, F_GETFL) >= 0);
	FAILS(control(fd, NETMAP_REQ_POOLS_INFO_GET, "", &pools, NULL), ENXIO);
	CHECK(close(fd) == 0);
}

static void opens(void)
{
	int fd;

	is_netmap(open(DEVICE, O_RDWR));
	is_netmap(open64(DEVICE, O_RDWR));
	is_netmap(openat(AT_FDCWD, DEVICE, O_RDWR));
	is_netmap(openat64(AT_FDCWD, DEVICE, O_RDWR));
	is_netmap(__open_2(DEVICE, O_RDWR));
	is_netmap(__open64_2(DEVICE, O_RDWR));
	is_netmap(__openat_2(AT_FDCWD, DEVICE, O_RDWR));
	is_netmap(__openat64_2(AT_FDCWD, DEVICE, O_RDWR));
	fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	CHECK(close(fd) == 0);
	fd = open(DEVICE, O_RDWR);
	CHECK(fcntl(fd, F_GETFD) == 0);
	CHECK(close(fd) == 0);
}

static void names(void)
{
	struct stat st;
	struct stat64 st64;
	struct statx stx;

	CHECK(stat(DEVICE, &st) == 0);
	is_device(&st);
	CHECK(lstat(DEVICE, &st) == 0);
	is_device(&st);
	CHECK(fstatat(AT_FDCWD, DEVICE, &st, 0) == 0);
	is_device(&st);
	CHECK(stat64(DEVICE, &st64) == 0 && S_ISCHR(st64.st_mode));
	CHECK(lstat64(DEVICE, &st64) == 0 && S_ISCHR(st64.st_mode));
	CHECK(fstatat64(AT_FDCWD, DEVICE, &st64, 0) == 0 && S_ISCHR(st64.st_mode));
	CHECK(statx(AT_FDCWD, DEVICE, 0, STATX_BASIC_STATS, &stx) == 0 && S_ISCHR(stx.stx_mode));
	CHECK(__xstat(1, DEVICE, &st) == 0);
	is_device(&st);
	CHECK(__lxstat(1, DEVICE, &st) == 0);
	is_device(&st);
	CHECK(__fxstatat(1, AT_FDCWD, DEVICE, &st, 0) == 0);
	is_device(&st);
	CHECK(access(DEVICE, R_OK | W_OK) == 0);
	FAILS(access(DEVICE, X_OK), EACCES);
	CHECK(faccessat(AT_FDCWD, DEVICE, R_OK, 0) == 0);
}

/* Pointers that lead nowhere are an error, never a signal. */
static void pointers(void)
{
	int fd = open(DEVICE, O_RDWR);
	void *bad = (void *)8;
	struct nmreq_register reg = {.nr_mode = NR_REG_ALL_NIC};
	struct nmreq_header h = {.nr_version = NETMAP_API, .nr_reqtype = NETMAP_REQ_REGISTER, .nr_name = "a"};
	struct nmreq_option o = {.nro_reqtype = NETMAP_REQ_OPT_CSB, .nro_next = 8};

	FAILS(ioctl(fd, NIOCCTRL, NULL), EINVAL);
	FAILS(ioctl(fd, NIOCREGIF, NULL), EINVAL);
	FAILS(ioctl(fd, NIOCGINFO, NULL), EINVAL);
	FAILS(ioctl(fd, NIOCCONFIG, NULL), EINVAL);
	FAILS(ioctl(fd, NIOCCTRL, bad), EFAULT);
	FAILS(ioctl(fd, NIOCREGIF, bad), EFAULT);
	FAILS(ioctl(fd, NIOCGINFO, bad), EFAULT);
	FAILS(ioctl(fd, NIOCCONFIG, bad), EFAULT);
	FAILS(ioctl(fd, NIOCCTRL, &h), EINVAL); /* no body */
	FAILS(control(fd, NETMAP_REQ_REGISTER, "a", bad, NULL), EFAULT);
	FAILS(control(fd, NETMAP_REQ_REGISTER, "a", &reg, bad), EFAULT);
	FAILS(control(fd, NETMAP_REQ_REGISTER, "a", &reg, &o), EFAULT);
	FAILS(control(fd, NETMAP_REQ_VALE_DELIF, "a", &reg, NULL), EINVAL); /* a body where there is none */
	FAILS(control(fd, 999, "a", &reg, NULL), EINVAL);
	h.nr_reserved = 1;
	h.nr_body = (uintptr_t)&reg;
	FAILS(ioctl(fd, NIOCCTRL, &h), EINVAL);
	h.nr_reserved = 0;
	h.nr_version = 13;
	FAILS(ioctl(fd, NIOCCTRL, &h), EINVAL);
	CHECK(close(fd) == 0);
}

static void refusals(void)
{
	int fd = open(DEVICE, O_RDWR);
	struct nmreq_register reg = {.nr_mode = NR_REG_ALL_NIC, .nr_tx_slots = 7};
	struct nmreq_header h = {
		.nr_version = NETMAP_API,
		.nr_reqtype = NETMAP_REQ_REGISTER,
		.nr_name = "nosuch",
		.nr_body = (uintptr_t)&reg,
	};
	struct pollfd p = {.fd = fd, .events = POLLIN};
	struct port a;

	FAILS(ioctl(fd, NIOCCTRL, &h), ENXIO);
	CHECK(h.nr_body == (uintptr_t)&reg && reg.nr_tx_slots == 7);
	CHECK(poll(&p, 1, -1) == 1 && p.revents == POLLERR);
	CHECK(close(fd) == 0);
	a = port_open("a", 0);
	reg.nr_mode = NR_REG_ALL_NIC;
	strcpy(h.nr_name, "a");
	FAILS(ioctl(a.fd, NIOCCTRL, &h), EBUSY);
	port_close(&a);
}

/* As container engines may have it. */
__attribute__((unused)) static void forbid(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_process_vm_readv, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_process_vm_writev, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {5, code};
	struct iovec iov = {&program, sizeof(program)};

	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
	FAILS(process_vm_readv(getpid(), &iov, 1, &iov, 1, 0), EPERM);
}

int main(void)
{
	opens();
	names();
	pointers();
	refusals();
#ifndef SUPERVISED
	forbid();
#endif
	pointers();
	refusals();
	return 0;
}
