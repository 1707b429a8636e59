// Init's loop: it sleeps until the node is released, a process ends, the
// command writes something or a delay is over.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "node.h"

#define NEVER UINT64_MAX
#define STOP_TIME 10000 // milliseconds a command has to end in after SIGTERM
#define RETRY 500	// milliseconds until a status that was not written is again

// Chunks of output taken at a wakeup, and when a command has ended.
enum { SOME_OUTPUT = 1, LAST_OUTPUT = 64 };

static struct {
	const struct config *config;
	struct stdio io;
	int signals, control;
	struct status status;
	int released, stopping, finished;
	int halted; // by a user: the command stays down until it is resumed
	uint64_t due;	  // when to start the command
	uint64_t stop_by; // when to kill it
	uint64_t rewrite; // when to write the status again
	uint64_t started, backoff;
} node;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

// write_status tries again later when it can't: others wait for what it says.
static void write_status(void)
{
	if (node_status_write(&node.status) == 0) {
		node.rewrite = NEVER;
		return;
	}
	if (node.rewrite == NEVER)
		node_warn("%s", node_fault());
	node.rewrite = now() + RETRY;
}

static void set_state(const char *state)
{
	node.status.state = state;
	node.status.since = time(NULL);
	write_status();
}

// ended decides what follows the end of the command.
static void ended(int code, int signal)
{
	node_log_take(LAST_OUTPUT);
	node.stop_by = NEVER;
	node.status.pid = 0;
	node.status.code = code;
	node.status.signal = signal;
	if (node.stopping)
		node.finished = 1;
	if (node.stopping || node.halted ||
	    !node_restart_wanted(node.config, node.status.restarts, code != 0 || signal != 0)) {
		set_state("exited");
		return;
	}
	node.due = now() + node_restart_delay(&node.backoff, now() - node.started);
	node.status.restarts++;
	set_state("backoff");
}

static void start(void)
{
	pid_t pid;

	node.due = NEVER;
	node.started = now();
	// The command may open /dev/stdout anew, whoever it runs as. It finds the
	// pipe blocking, whatever the one before has made of it.
	if (fchown(node.io.out, node.config->uid, node.config->gid) != 0 ||
	    fcntl(node.io.out, F_SETFL, 0) != 0)
		node_warn("output of the command: %s", strerror(errno));
	pid = fork();
	if (pid == 0) {
		if (setsid() < 0 || node_become(node.config) != 0) {
			node_warn("%s", node_fault());
			_exit(EXIT_CANNOT_RUN);
		}
		node_run(node.config, node.io);
	}
	if (pid < 0) {
		node_warn("cannot start the command: %s", strerror(errno));
		ended(EXIT_CANNOT_RUN, 0);
		return;
	}
	node.status.pid = pid;
	set_state("running");
}

static void release(void)
{
	if (node.released)
		return;
	node.released = 1;
	if (node.config->argv.count == 0)
		set_state("running");
	else
		node.due = now() + node.config->delay;
}

// reap takes every dead process off the table, orphans and the command.
static void reap(void)
{
	siginfo_t info;

	for (;;) {
		info.si_pid = 0;
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0)
			return;
		// What the command leaves of its process group ends with it, before
		// its number is free for another.
		if (info.si_pid == node.status.pid)
			kill(-info.si_pid, SIGKILL);
		waitid(P_PID, (id_t)info.si_pid, &info, WEXITED);
		if (info.si_pid != node.status.pid)
			continue;
		if (info.si_code == CLD_EXITED)
			ended(info.si_status, 0);
		else
			ended(0, info.si_status);
	}
}

// stop asks the command to end, and init's loop with it.
static void stop(void)
{
	node.stopping = 1;
	node.due = NEVER;
	if (node.status.pid == 0) {
		node.finished = 1;
		return;
	}
	kill(-node.status.pid, SIGTERM);
	node.stop_by = now() + STOP_TIME;
}

// halt asks the command to end, and leaves it at that.
static void halt(void)
{
	if (node.halted || node.stopping || node.config->argv.count == 0)
		return;
	node.halted = 1;
	if (node.status.pid != 0) {
		kill(-node.status.pid, SIGTERM);
		node.stop_by = now() + STOP_TIME;
	} else if (node.due != NEVER) { // it was about to start
		node.due = NEVER;
		set_state("exited");
	}
}

// resume starts a command that has ended.
static void resume(void)
{
	if (!node.released || node.stopping || node.config->argv.count == 0)
		return;
	node.halted = 0;
	if (node.status.pid == 0)
		node.due = now();
}

static void take_signals(void)
{
	struct signalfd_siginfo info;

	while (read(node.signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			reap();
		// Processes of the node have a number here, the machine's have none.
		else if (info.ssi_pid == 0 && !node.stopping)
			stop();
	}
}

static void take_control(void)
{
	char word[64];
	ssize_t n = read(node.control, word, sizeof(word));

	for (ssize_t i = 0; i < n; i++) {
		if (word[i] == CTL_RELEASE)
			release();
		else if (word[i] == CTL_HALT)
			halt();
		else if (word[i] == CTL_RESUME)
			resume();
	}
}

// timeout returns how long poll may sleep, and does what is due.
static int timeout(void)
{
	uint64_t at = now(), next;

	if (node.due <= at)
		start();
	if (node.stop_by <= at) {
		node.stop_by = NEVER;
		kill(-node.status.pid, SIGKILL);
	}
	if (node.rewrite <= at)
		write_status();
	next = node.due < node.stop_by ? node.due : node.stop_by;
	if (node.rewrite < next)
		next = node.rewrite;
	if (next == NEVER)
		return -1;
	if (next <= at)
		return 0;
	return next - at > INT_MAX ? INT_MAX : (int)(next - at);
}

static int open_sources(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return node_fail("signals");
	node.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (node.signals < 0)
		return node_fail("signals");
	// Open for writing too: then a writer that closes is no end of file.
	node.control = openat(FD_STATE, "ctl", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (node.control < 0)
		return node_fail("ctl");
	return node_log_open(node.config->log_max, &node.io.out);
}

int node_supervise_open(const struct config *c, int null)
{
	node.config = c;
	node.due = node.stop_by = node.rewrite = NEVER;
	if (open_sources() != 0)
		return -1;
	node.io.in = null;
	node.io.err = node.io.out;
	node.status.state = "waiting";
	node.status.since = time(NULL);
	return node_status_write(&node.status);
}

int node_supervise(void)
{
	while (!node.finished) {
		struct pollfd sources[] = {
			{.fd = node.signals, .events = POLLIN},
			{.fd = node.control, .events = POLLIN},
			{.fd = node_log_source(), .events = POLLIN},
		};

		if (poll(sources, 3, timeout()) < 0 && errno != EINTR)
			return node_fail("poll");
		if (sources[2].revents != 0)
			node_log_take(SOME_OUTPUT);
		if (sources[0].revents != 0)
			take_signals();
		if (sources[1].revents != 0)
			take_control();
	}
	return 0;
}
