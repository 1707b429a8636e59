// The supervisor: starts the program, answers its calls with one thread more than there are calls that wait, passes
// signals on, and ends as the program ended, once the last process that it left behind has.
#include "exec.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct supervisor self;

// Whose turn it is to receive: one thread at a time, since the kernel wakes all that wait for a notification. It
// answers with the turn in its hand what takes no time, and gives it to another before it waits.
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static _Atomic int waiting; // threads that want the turn
static __thread bool mine;

static void *serve(void *unused);

static void start_thread(void)
{
	pthread_t thread;

	atomic_fetch_add(&waiting, 1);
	if (pthread_create(&thread, NULL, serve, NULL) == 0)
		pthread_detach(thread);
	else
		atomic_fetch_sub(&waiting, 1);
}

void nm_may_wait(void)
{
	if (!mine)
		return;
	if (atomic_load(&waiting) == 0)
		start_thread();
	mine = false;
	pthread_mutex_unlock(&turn);
}

// The thread is counted as one that waits already.
static void take_turn(void)
{
	pthread_mutex_lock(&turn);
	atomic_fetch_sub(&waiting, 1);
	mine = true;
}

static void *serve(void *unused)
{
	struct seccomp_notif n;

	(void)unused;
	for (take_turn();;) {
		memset(&n, 0, sizeof(n));
		if (ioctl(self.listener, SECCOMP_IOCTL_NOTIF_RECV, &n) == 0)
			answer(&self, &n);
		else if (errno != EINTR && errno != ENOENT) // ENOENT: it was interrupted before we came to it
			break;
		if (!mine) {
			atomic_fetch_add(&waiting, 1);
			take_turn();
		}
	}
	pthread_mutex_unlock(&turn);
	return NULL;
}

// The last numbers that select can name, or that there are.
static uint32_t first_number(void)
{
	struct rlimit files = {0};

	getrlimit(RLIMIT_NOFILE, &files);
	return (uint32_t)(files.rlim_cur < 1024 ? files.rlim_cur : 1024) - FDS;
}

// A signal that a terminal sent, the program got itself. True: it asks for the program's end.
static bool pass_on(pid_t program, const struct signalfd_siginfo *i)
{
	if (i->ssi_code != SI_KERNEL)
		kill(program, (int)i->ssi_signo);
	return i->ssi_signo == SIGTERM || i->ssi_signo == SIGINT || i->ssi_signo == SIGHUP || i->ssi_signo == SIGQUIT;
}

// Who started us waits for us: we stop with the program, and it goes on with us. The first process of a container
// can't be stopped.
static void stop_too(pid_t program)
{
	if (getpid() == 1)
		return;
	raise(SIGSTOP);
	kill(program, SIGCONT);
}

// What the program's end makes of us. Those that it leaves behind are served on, unless it was asked to end, or
// they end with us: we are the first process of a container.
static int end(int status, bool asked)
{
	struct pollfd users = {.fd = self.listener};
	bool stay = self.listener >= 0 && !asked && getpid() != 1;

	while (stay && (poll(&users, 1, -1) < 0 || !(users.revents & POLLHUP)))
		;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int watch(pid_t program, int signals)
{
	struct signalfd_siginfo i;
	bool asked = false;
	int status;

	for (;;) {
		if (read(signals, &i, sizeof(i)) != sizeof(i))
			continue;
		if (i.ssi_signo != SIGCHLD) {
			asked |= pass_on(program, &i);
			continue;
		}
		if (waitpid(program, &status, WNOHANG | WUNTRACED) != program)
			continue;
		if (!WIFSTOPPED(status))
			return end(status, asked);
		stop_too(program);
	}
}

int supervise(const char *path, char **argv)
{
	const char *socket = getenv("VALELAB_NETMAP");
	sigset_t all;
	int channel[2], signals;
	pid_t program;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	signals = signalfd(-1, &all, SFD_CLOEXEC);
	self.first_fd = first_number();
	self.socket = socket != NULL && socket[0] != '\0' ? socket : "/run/valelab/netmap.sock";
	if (signals < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel) < 0 || (program = fork()) < 0) {
		perror("valelab: netmap-exec");
		return 126;
	}
	if (program == 0) {
		close(channel[0]);
		close(signals);
		launch(path, argv, self.first_fd, channel[1]);
	}
	close(channel[1]);
	self.listener = launch_receive(channel[0]);
	close(channel[0]);
	if (self.listener >= 0) {
		ioctl(self.listener, IOCTL_SET_FLAGS, FLAG_SYNC_WAKE_UP); // from Linux 6.6 on
		start_thread();
	}
	return watch(program, signals);
}
