// valelab-exec LABDIR NODE: runs a command in a node for the process that it
// replaced. Its configuration is in a descriptor named in the environment.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "node.h"

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC)

// Signals that are passed on to the command.
static const int forwarded[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};

// What the child needs from before it was in the node.
static struct {
	struct config config;
	int groups[8]; // cgroup.procs of the node's groups
	size_t group_count;
	int lifeline[2]; // ends when the parent does
	int signals;
	int terminal;
	struct stdio io;
} run = {.io = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}};

static int read_config(void)
{
	const char *text = getenv("VALELAB_EXEC"), *fault = "valelab-exec is started by valelab itself";
	char *end = NULL;
	long fd = text != NULL ? strtol(text, &end, 10) : -1;

	if (fd > STDERR_FILENO && fd <= INT_MAX && *end == '\0' &&
	    config_read(&run.config, (int)fd, &fault) == 0 && run.config.argv.count > 0)
		return 0;
	errno = 0;
	return node_fail("%s", fault);
}

// open_groups opens the node's control groups while their folders are in sight.
static int open_groups(void)
{
	const struct list *folders = &run.config.cgroups;

	for (size_t i = 0; i < folders->count; i++) {
		char path[PATH_MAX];
		int length = snprintf(path, sizeof(path), "%s/cgroup.procs", folders->items[i]);

		if (i == sizeof(run.groups) / sizeof(run.groups[0]) || length >= PATH_MAX) {
			errno = ENAMETOOLONG;
			return node_fail("control groups");
		}
		run.groups[i] = open(path, O_WRONLY | O_CLOEXEC);
		if (run.groups[i] < 0)
			return node_fail("%s", path);
		run.group_count++;
	}
	return 0;
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (size_t i = 0; i < sizeof(forwarded) / sizeof(forwarded[0]); i++)
		sigaddset(&set, forwarded[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return node_fail("signals");
	run.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return run.signals >= 0 ? 0 : node_fail("signals");
}

// open_terminal gives the command a terminal of the node's own when the
// caller sits at one.
static int open_terminal(void)
{
	int slave;

	run.terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	if (!run.terminal)
		return 0;
	if (node_terminal_open(&run.config, &slave) != 0)
		return -1;
	run.io.in = run.io.out = slave;
	if (isatty(STDERR_FILENO))
		run.io.err = slave;
	return node_terminal_raw();
}

// tie ends the command with its parent, whatever kills that.
static int tie(void)
{
	struct pollfd alive = {.fd = run.lifeline[0], .events = POLLIN};

	close(run.lifeline[1]);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		return node_fail("parent death signal");
	return poll(&alive, 1, 0) == 0 ? 0 : node_fail("the caller has ended");
}

static void child(void)
{
	for (size_t i = 0; i < run.group_count; i++)
		if (write(run.groups[i], "0", 1) != 1) {
			node_fail("cannot join %s", run.config.cgroups.items[i]);
			goto fault;
		}
	if (setsid() < 0 || (run.terminal && ioctl(run.io.in, TIOCSCTTY, 0) != 0)) {
		node_fail("session");
		goto fault;
	}
	// Changing the user clears the parent death signal, so that comes after.
	if (node_affinity(&run.config) == 0 && node_become(&run.config) == 0 && tie() == 0)
		node_run(&run.config, run.io);
fault:
	node_warn("%s", node_fault());
	_exit(EXIT_CANNOT_RUN);
}

// take_signals passes signals on and reaps. It returns whether the command has
// ended, with its wait status.
static int take_signals(pid_t pid, int *status)
{
	struct signalfd_siginfo info;

	while (read(run.signals, &info, sizeof(info)) == sizeof(info)) {
		int number = (int)info.ssi_signo;

		if (number == SIGCHLD) {
			if (waitpid(pid, status, WNOHANG) == pid)
				return 1;
		} else if (number == SIGWINCH && run.terminal) {
			node_terminal_resize();
		} else if (kill(-pid, number) != 0) { // no group of its own yet
			kill(pid, number);
		}
	}
	return 0;
}

// attend serves the command until it ends and returns its exit status.
static int attend(pid_t pid)
{
	struct pollfd signals = {.fd = run.signals, .events = POLLIN};
	int status;

	do {
		if (run.terminal)
			node_terminal_relay(run.signals);
		else
			poll(&signals, 1, -1);
	} while (!take_signals(pid, &status));
	if (run.terminal)
		node_terminal_drain();
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int enter(void)
{
	if (read_config() != 0 || open_groups() != 0)
		return -1;
	if (pipe2(run.lifeline, O_CLOEXEC) != 0)
		return node_fail("pipe");
	if (setns((int)run.config.pidfd, NAMESPACES) != 0)
		return node_fail("cannot enter the node");
	if (open_signals() != 0)
		return -1;
	return open_terminal();
}

int node_exec(int argc, char **argv)
{
	int code = EXIT_CANNOT_RUN;
	pid_t pid = -1;

	(void)argv;
	prctl(PR_SET_NAME, "valelab-exec");
	if (argc != 3) {
		node_warn("valelab-exec is started by valelab itself");
		return 2;
	}
	if (enter() == 0) {
		pid = fork();
		if (pid == 0)
			child();
		if (pid < 0)
			node_fail("cannot start the command");
	}
	if (pid > 0) {
		if (run.terminal)
			close(run.io.in);
		code = attend(pid);
	}
	node_terminal_restore();
	if (pid < 0)
		node_warn("%s", node_fault());
	return code;
}
