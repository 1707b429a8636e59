// Which system calls of the program come to us. Arguments that are pointers it can't follow: of open, stat and poll,
// all do. Descriptors of ours have numbers of their own: of calls that name one, only those do.
#include "exec.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ARG(n)   (offsetof(struct seccomp_data, args) + 8 * (n)) // its low half
#define NOTIFY   SECCOMP_RET_USER_NOTIF

#define LOAD(at)     BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (at))
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, (what))
// The next n instructions are for this call only.
#define CALL(nr, n) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, (n))

#define ALWAYS(nr) CALL(nr, 1), RETURN(NOTIFY)
// Argument n is a number of ours; the call goes on if not.
#define IF_OURS(nr, n, first)                                                              \
	CALL(nr, 5), LOAD(ARG(n)), BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (first), 0, 2),         \
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (first) + FDS, 1, 0), RETURN(NOTIFY), RETURN(SECCOMP_RET_ALLOW)

int filter_install(uint32_t first)
{
	struct sock_filter code[] = {
		LOAD(offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
		RETURN(SECCOMP_RET_ALLOW),
		LOAD(offsetof(struct seccomp_data, nr)),
		// The request's type byte; the number is loaded again behind it.
		CALL(__NR_ioctl, 5),
		LOAD(ARG(1)),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xff00),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NIOCTXSYNC & 0xff00, 0, 1),
		RETURN(NOTIFY),
		LOAD(offsetof(struct seccomp_data, nr)),
		IF_OURS(__NR_ioctl, 0, first),
		IF_OURS(__NR_read, 0, first),
		IF_OURS(__NR_write, 0, first),
		IF_OURS(__NR_readv, 0, first),
		IF_OURS(__NR_writev, 0, first),
		IF_OURS(__NR_pread64, 0, first),
		IF_OURS(__NR_pwrite64, 0, first),
		IF_OURS(__NR_lseek, 0, first),
		IF_OURS(__NR_fstat, 0, first),
		IF_OURS(__NR_dup, 0, first),
		IF_OURS(__NR_fcntl, 0, first),
		IF_OURS(__NR_mmap, 4, first),
		ALWAYS(__NR_poll),
		ALWAYS(__NR_ppoll),
		ALWAYS(__NR_select),
		ALWAYS(__NR_pselect6),
		ALWAYS(__NR_epoll_ctl),
		ALWAYS(__NR_epoll_wait),
		ALWAYS(__NR_epoll_pwait),
		ALWAYS(__NR_epoll_pwait2),
		ALWAYS(__NR_openat),
		ALWAYS(__NR_open),
		ALWAYS(__NR_newfstatat),
		ALWAYS(__NR_statx),
		ALWAYS(__NR_stat),
		ALWAYS(__NR_lstat),
		ALWAYS(__NR_access),
		ALWAYS(__NR_faccessat),
		ALWAYS(__NR_faccessat2),
		RETURN(SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};
	long fd;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	fd = syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER,
		     SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &program);
	if (fd < 0 && errno == EINVAL) // before Linux 5.19
		fd = syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
	return fd < 0 ? -errno : (int)fd;
}
