/*
 * The keeper: a process too small to fail. It makes the lab's network namespace, runs the agent in it,
 * holds what must outlive an agent, and starts a new one when one dies. One thread, one loop that only
 * ever blocks in poll, memory bounded by the limits in message.h.
 */
#define _GNU_SOURCE
#include "agent.h"
#include "link.h"
#include "netns.h"
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* What the program that starts a keeper leaves open for it, besides 0, 1 and 2. */
#define GO     3 /* pipe: one byte lets the keeper begin, its end alone sends it away */
#define REPORT 4 /* pipe: "ok", or what failed */

#define MARK "valelab:"

/* Tells the starter what failed and ends. */
static _Noreturn void fail(const char *what)
{
	dprintf(REPORT, "%s: %s", what, strerror(errno));
	_exit(1);
}

/* Waits until the starter has written down that there is a keeper. */
static void await_go(void)
{
	char byte;
	ssize_t n;

	do
		n = read(GO, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n != 1)
		_exit(1);
	close(GO);
}

static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* Blocks all signals and returns a file that reports those that matter. */
static int open_signals(void)
{
	sigset_t set;

	sigfillset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Says whether a SIGTERM has come. */
static int take_signals(int signals)
{
	struct signalfd_siginfo info;

	while (read(signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGTERM)
			return 1;
		keeper_agent_reap();
	}
	return 0;
}

/* Returns when the keeper is to end. */
static void serve(int signals)
{
	while (!keeper_link_stop) {
		struct pollfd files[2] = {
			{.fd = signals, .events = POLLIN},
			{.fd = keeper_link, .events = keeper_link_events()},
		};
		int delay = keeper_agent_delay();

		if (delay == 0) {
			keeper_agent_start();
			continue;
		}
		if (poll(files, 2, delay) < 0)
			continue;
		if (files[1].revents && keeper_link_step() < 0) {
			/* An agent without its keeper must not go on: its next one must. */
			keeper_agent_kill();
			keeper_link_close();
		}
		if (files[0].revents && take_signals(signals))
			return;
	}
}

int keeper_main(const char *lab_dir)
{
	char alias[256];
	int signals, machine, lab;

	prctl(PR_SET_NAME, "valelab-keeper");
	/* What the starter's own caller has left open is not for a process that stays. */
	if (close_range(REPORT + 1, ~0U, 0) < 0)
		fail("close_range");
	await_go();
	raise_file_limit();
	signals = open_signals();
	if (signals < 0)
		fail("signals");
	machine = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (machine < 0)
		fail("network namespace of the machine");
	if (snprintf(alias, sizeof(alias), MARK "%s", lab_dir) >= (int)sizeof(alias)) {
		errno = ENAMETOOLONG;
		fail(lab_dir);
	}
	lab = keeper_netns_make(alias);
	if (lab < 0)
		fail("network namespace of the lab");
	keeper_agent_setup(lab_dir, lab, machine);
	errno = keeper_agent_start();
	if (errno != 0)
		fail("agent");
	dprintf(REPORT, "ok");
	close(REPORT);

	serve(signals);
	keeper_agent_stop();
	keeper_store_close();
	return 0;
}
