/* Other processes: a port is inherited, passed on, and ends with the last that has it. */
#include "program.h"

#include <sys/socket.h>

static void send_fd(int to, int fd)
{
	char byte = 'x';
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = {&byte, 1};
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	CHECK(sendmsg(to, &msg, 0) == 1);
}

static int receive_fd(int from)
{
	char byte;
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = {&byte, 1};
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	int fd;

	CHECK(recvmsg(from, &msg, 0) == 1);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

/* The child of a fork goes on where its parent was, and the parent where its child was. */
static void forks(void)
{
	struct port a = port_open("a", 0), b = port_open("b", 0);

	send_frames(&a, 2, 0);
	IN_CHILD(send_frames(&a, 3, 2); expect_frames(&b, 5, 0));
	send_frames(&a, 1, 5);
	expect_frames(&b, 1, 5);
	IN_CHILD(CHECK(poll(&(struct pollfd){.fd = b.fd, .events = POLLIN}, 1, 30) == 0));
	port_close(&a);
	port_close(&b);
}

/* A parent that waits is woken, whatever its child has done with the wake-ups. */
static void sleeps(void)
{
	struct port a = port_open("a", 0), b = port_open("b", 0);
	struct pollfd p = {.fd = b.fd, .events = POLLIN};
	pid_t child = fork();

	CHECK(child >= 0);
	if (child == 0) {
		for (uint32_t i = 0; i < 200; i++) {
			send_frames(&a, 1, i);
			CHECK(poll(&p, 1, 1) >= 0);
			usleep(500);
		}
		_exit(0);
	}
	for (uint32_t i = 0; i < 200;) {
		CHECK(poll(&p, 1, 10000) == 1);
		for (; i < 200 && b.rx->head != b.rx->tail; i++)
			take(b.rx, 1, i);
	}
	CHECK(waitpid(child, NULL, 0) == child);
	port_close(&a);
	port_close(&b);
}

/* A descriptor that comes over a socket is the open itself, positions and all. */
static void passed(void)
{
	struct port a, b = port_open("b", 0);
	int pair[2], fd;

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	IN_CHILD(a = port_open("a", 0); send_frames(&a, 3, 0); send_fd(pair[1], a.fd);
		 CHECK(write(pair[1], &a.reg, sizeof(a.reg)) == sizeof(a.reg)));
	fd = receive_fd(pair[0]);
	a.fd = fd;
	CHECK(read(pair[0], &a.reg, sizeof(a.reg)) == sizeof(a.reg));
	find_rings(&a);
	CHECK(a.tx->head == 3 && a.tx->tail == 2);
	send_frames(&a, 2, 3);
	expect_frames(&b, 5, 0);
	port_close(&a);
	port_close(&b);
	CHECK(close(pair[0]) == 0 && close(pair[1]) == 0);
}

/* One that has not been registered yet, too. */
static void passed_early(void)
{
	struct port a;
	int pair[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	IN_CHILD(send_fd(pair[1], open(DEVICE, O_RDWR)));
	a = (struct port){.fd = receive_fd(pair[0])};
	CHECK(port_register(&a, "a", 0) == 0);
	find_rings(&a);
	send_frames(&a, 1, 0);
	port_close(&a);
	CHECK(close(pair[0]) == 0 && close(pair[1]) == 0);
}

#ifndef SUPERVISED
/* One process registers what both have: it is open for the other, too, which knew it before. */
static void registered_elsewhere(void)
{
	struct port a = {.fd = open(DEVICE, O_RDWR)}, b = port_open("b", 0);
	int pair[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	FAILS(ioctl(a.fd, NIOCTXSYNC, NULL), ENXIO);
	IN_CHILD(CHECK(port_register(&a, "a", 0) == 0);
		 CHECK(write(pair[1], &a.reg, sizeof(a.reg)) == sizeof(a.reg)));
	CHECK(read(pair[0], &a.reg, sizeof(a.reg)) == sizeof(a.reg));
	find_rings(&a);
	send_frames(&a, 3, 0);
	expect_frames(&b, 3, 0);
	port_close(&a);
	port_close(&b);
	CHECK(close(pair[0]) == 0 && close(pair[1]) == 0);
}

#endif

/* What exec leaves open is a port for the program that comes. */
static void executed(char *self)
{
	struct port a = port_open("a", 0), b = port_open("b", 0);
	char fd[12], size[24], offset[24];

	snprintf(fd, sizeof(fd), "%d", a.fd);
	snprintf(size, sizeof(size), "%llu", (unsigned long long)a.reg.nr_memsize);
	snprintf(offset, sizeof(offset), "%llu", (unsigned long long)a.reg.nr_offset);
	IN_CHILD(CHECK(execl(self, self, fd, size, offset, NULL) == 0));
	expect_frames(&b, 4, 7);
	port_close(&a);
	port_close(&b);
}

static int after_exec(char **argv)
{
	struct port a = {.fd = atoi(argv[1])};

	a.reg.nr_memsize = strtoull(argv[2], NULL, 10);
	a.reg.nr_offset = strtoull(argv[3], NULL, 10);
	find_rings(&a);
	send_frames(&a, 4, 7);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4)
		return after_exec(argv);
	forks();
	sleeps();
	passed();
	passed_early();
	executed(argv[0]);
#ifndef SUPERVISED /* there, a copy made before is none of the region */
	registered_elsewhere();
#endif
	return 0;
}
