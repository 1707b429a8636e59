// The program's side: it comes to its filter, hands over the listener and becomes the program.
#include "exec.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int exchange(int channel, int *fd, bool sends)
{
	char byte = 'x';
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec iov = {&byte, 1};
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	if (sends) {
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), fd, sizeof(int));
		return sendmsg(channel, &msg, MSG_NOSIGNAL) == 1 ? 0 : -errno;
	}
	if (recvmsg(channel, &msg, MSG_CMSG_CLOEXEC) != 1 || (c = CMSG_FIRSTHDR(&msg)) == NULL)
		return -EPIPE;
	memcpy(fd, CMSG_DATA(c), sizeof(int));
	return 0;
}

// A program that loads libraries does without ours, which would serve those of its calls that libc makes, out of our
// sight. Others don't load it; what they start may, and is the faster for it.
static void unload_library(void)
{
	static const char library[] = "/libnetmap.so";
	const char *all = getenv("LD_PRELOAD"), *at = all;
	char *rest;

	if (all == NULL || (rest = malloc(strlen(all) + 1)) == NULL)
		return;
	for (rest[0] = '\0'; *at != '\0'; at += strspn(at, ": ")) {
		size_t len = strcspn(at, ": ");
		bool ours = len >= sizeof(library) - 1 && memcmp(at + len - (sizeof(library) - 1), library, sizeof(library) - 1) == 0;

		if (!ours && rest[0] != '\0')
			strcat(rest, ":");
		if (!ours)
			strncat(rest, at, len);
		at += len;
	}
	if (rest[0] != '\0')
		setenv("LD_PRELOAD", rest, 1);
	else
		unsetenv("LD_PRELOAD");
	free(rest);
}

void launch(const char *path, char **argv, uint32_t first_fd, int channel)
{
	extern char **environ;
	pid_t parent = getppid();
	sigset_t none;
	int listener, ret;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	// Without its supervisor the program's calls would fail in odd ways.
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		_exit(137);
	listener = filter_install(first_fd);
	if (listener < 0) {
		fprintf(stderr, "valelab: netmap-exec: seccomp: %s\n", strerror(-listener));
		_exit(126);
	}
	ret = exchange(channel, &listener, true);
	close(listener);
	close(channel);
	if (ret < 0)
		_exit(126);
	if (program_at(path).loads)
		unload_library();
	execve(path, argv, environ);
	fprintf(stderr, "valelab: netmap-exec: %s: %s\n", path, strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

int launch_receive(int channel)
{
	int fd, ret = exchange(channel, &fd, false);

	return ret < 0 ? ret : fd;
}
