/* A program that forbids itself all but what it needs for its ports as it knows them: ioctl and poll. */
#include "program.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define ALLOW(nr) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

int main(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(__NR_ioctl),
		ALLOW(__NR_poll),
		ALLOW(__NR_ppoll),
		ALLOW(__NR_read),
		ALLOW(__NR_write),
		ALLOW(__NR_exit_group),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
	};
	struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};
	struct port a = port_open("a", 0), b = port_open("b", 0);
	struct pollfd p = {.fd = b.fd, .events = POLLIN};

	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
	for (uint32_t i = 0; i < 200; i++) {
		CHECK(poll(&p, 1, 0) == 0);
		send_frames(&a, 1, i);
		CHECK(poll(&p, 1, 10000) == 1);
		take(b.rx, 1, i);
	}
	return 0;
}
