/*
 * System calls without libc: a function of ours may run inside a signal handler, before libc is ready, or in a
 * process whose libc is another one than that of the machine it was built on. Each returns what the kernel
 * does: a negative errno on failure.
 */
#ifndef VALELAB_PRELOAD_SYS_H
#define VALELAB_PRELOAD_SYS_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#ifndef __x86_64__
#error "only x86-64 so far"
#endif

static inline long sys6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

/* sys(number, arguments...): those that are left out are 0. */
#define sys(...) SYS_PAD_(__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define SYS_PAD_(nr, a, b, c, d, e, f, ...) \
	sys6(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

static inline int sys_close(int fd) { return (int)sys(__NR_close, fd); }
static inline void sys_yield(void) { sys(__NR_sched_yield); }

#endif
