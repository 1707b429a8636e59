/* What has nothing to do with netmap is as ever, also beside an open port. */
#include "program.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/select.h>

static void files(void)
{
	char text[8] = "", path[] = "/tmp/valelab-ordinary-XXXXXX";
	int fd = mkstemp(path), copy;
	struct stat st;
	void *m;

	CHECK(fd >= 0 && unlink(path) == 0);
	CHECK(write(fd, "hello", 5) == 5 && lseek(fd, 0, SEEK_SET) == 0 && read(fd, text, 8) == 5);
	CHECK(strcmp(text, "hello") == 0);
	CHECK(fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 5);
	m = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(m != MAP_FAILED && memcmp(m, "hello", 5) == 0 && munmap(m, 4096) == 0);
	copy = dup2(fd, 200);
	CHECK(copy == 200 && close(copy) == 0 && close(fd) == 0);
	FAILS(read(fd, text, 8), EBADF);
	FAILS(ioctl(fd, NIOCTXSYNC, NULL), EBADF);
	FAILS(open("/nowhere/at/all", O_RDONLY), ENOENT);
	FAILS(stat("/nowhere/at/all", &st), ENOENT);
	FAILS(access("/nowhere/at/all", F_OK), ENOENT);
	fd = open("/dev/null", O_RDWR);
	FAILS(ioctl(fd, NIOCTXSYNC, NULL), ENOTTY);
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED && errno == ENODEV);
	CHECK(close(fd) == 0);
}

static void waits(void)
{
	struct timeval tv = {0};
	struct epoll_event ev = {.events = EPOLLIN};
	struct pollfd p;
	int pipes[2], ep = epoll_create1(0);
	fd_set in;

	CHECK(pipe(pipes) == 0);
	p = (struct pollfd){.fd = pipes[0], .events = POLLIN};
	FD_ZERO(&in);
	FD_SET(pipes[0], &in);
	CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, pipes[0], &ev) == 0);
	CHECK(poll(&p, 1, 0) == 0 && select(pipes[0] + 1, &in, NULL, NULL, &tv) == 0 && epoll_wait(ep, &ev, 1, 0) == 0);
	CHECK(write(pipes[1], "x", 1) == 1);
	FD_SET(pipes[0], &in);
	CHECK(poll(&p, 1, -1) == 1 && select(pipes[0] + 1, &in, NULL, NULL, NULL) == 1 && epoll_wait(ep, &ev, 1, -1) == 1);
	CHECK(close(pipes[0]) == 0 && close(pipes[1]) == 0 && close(ep) == 0);
}

static void *reader(void *pipe)
{
	char byte;

	read(*(int *)pipe, &byte, 1);
	return NULL;
}

/* A thread that reads can be cancelled: read is libc's own. */
static void cancelled(void)
{
	int pipes[2];
	pthread_t t;
	void *how;

	CHECK(pipe(pipes) == 0 && pthread_create(&t, NULL, reader, &pipes[0]) == 0);
	usleep(10000);
	CHECK(pthread_cancel(t) == 0 && pthread_join(t, &how) == 0 && how == PTHREAD_CANCELED);
	CHECK(close(pipes[0]) == 0 && close(pipes[1]) == 0);
}

int main(void)
{
	struct port a;

	files();
	waits();
	cancelled();
	a = port_open("a", 0);
	files();
	waits();
	cancelled();
	port_close(&a);
	files();
	return 0;
}
