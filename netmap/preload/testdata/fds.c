/* Descriptors: copies are the same open, the last one closes it, and what the library needs can't be taken away. */
#include "program.h"

#include <sys/syscall.h>

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4
#endif
int close_range(unsigned, unsigned, int);
void closefrom(int);

static void works(int fd)
{
	CHECK(ioctl(fd, NIOCTXSYNC, NULL) == 0);
	CHECK(ioctl(fd, NIOCRXSYNC, NULL) == 0);
}

/* Under a supervisor, a copy at a number that the program asks for can be read as the memory that it is. */
#ifdef SUPERVISED
#define UNREADABLE(i) ((i) == 0)
#else
#define UNREADABLE(i) true
#endif

static void copies(void)
{
	struct port a = port_open("a", 0), b = port_open("b", 0);
	int fd = a.fd, copy[6];

	copy[0] = dup(fd);
	copy[1] = dup2(fd, 90);
	copy[2] = dup3(fd, 91, O_CLOEXEC);
	copy[3] = fcntl(fd, F_DUPFD, 92);
	copy[4] = fcntl(fd, F_DUPFD_CLOEXEC, 93);
	copy[5] = fcntl64(fd, F_DUPFD, 94);
	CHECK(dup2(fd, fd) == fd);
	FAILS(dup3(fd, fd, 0), EINVAL);
	CHECK(close(fd) == 0);
	FAILS(ioctl(fd, NIOCTXSYNC, NULL), EBADF);
	for (int i = 0; i < 6; i++) {
		works(copy[i]);
		a.fd = copy[i];
		send_frames(&a, 1, (uint32_t)i);
		expect_frames(&b, 1, (uint32_t)i);
		if (UNREADABLE(i))
			FAILS(read(copy[i], &fd, 1), EINVAL);
		CHECK(poll(&(struct pollfd){.fd = copy[i], .events = POLLIN | POLLOUT}, 1, -1) == 1);
		if (i < 5)
			CHECK(close(copy[i]) == 0);
	}
	/* In the place of a port comes something else. */
	CHECK(dup2(0, a.fd) == a.fd);
	FAILS(ioctl(a.fd, NIOCTXSYNC, NULL), ENOTTY);
	CHECK(close(a.fd) == 0);
	CHECK(munmap(a.mem, a.reg.nr_memsize) == 0);
	port_close(&b);
}

#ifndef SUPERVISED /* there, a port's number is not the lowest */
/* The number is closed without the library's knowledge, and then something else's. */
static void behind(void)
{
	int fd = open(DEVICE, O_RDWR), pipes[2];
	char byte = 'x';

	CHECK(syscall(SYS_close, fd) == 0);
	CHECK(pipe(pipes) == 0 && pipes[0] == fd);
	CHECK(write(pipes[1], &byte, 1) == 1 && read(fd, &byte, 1) == 1);
	CHECK(close(pipes[0]) == 0 && close(pipes[1]) == 0);
}

#endif

/* A daemon closes whatever may be there, but for its port. */
static void closes_all(void)
{
	struct port a = port_open("a", 0), b = port_open("b", 0);

	CHECK(dup2(a.fd, 3) == 3 && dup2(b.fd, 4) == 4);
	for (int fd = 5; fd < 1024; fd++)
		close(fd);
	works(3);
	CHECK(close_range(5, ~0u, CLOSE_RANGE_CLOEXEC) == 0);
	CHECK(close_range(5, ~0u, 0) == 0);
	works(3);
	closefrom(5);
	works(4);
	/* Numbers that are taken for something else: the library makes room. */
	for (int fd = 5; fd < 1024; fd++)
		CHECK(dup2(0, fd) == fd);
	for (int fd = 5; fd < 1024; fd++)
		CHECK(close(fd) == 0);
	a.fd = 3;
	b.fd = 4;
	send_frames(&a, 3, 0);
	expect_frames(&b, 3, 0);
	CHECK(close_range(3, 4, 0) == 0);
	FAILS(ioctl(3, NIOCTXSYNC, NULL), EBADF);
	CHECK(munmap(a.mem, a.reg.nr_memsize) == 0 && munmap(b.mem, b.reg.nr_memsize) == 0);
}

int main(void)
{
	copies();
#ifndef SUPERVISED
	behind();
#endif
	closes_all();
	copies();
	return 0;
}
