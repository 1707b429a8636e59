#define _GNU_SOURCE
#include "agent.h"
#include "link.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SETTLED_MS   1000  /* an agent that lived so long was a good one */
#define MIN_PAUSE_MS 100
#define MAX_PAUSE_MS 5000
#define MAX_LOG      (1 << 20) /* bytes; a longer log is set aside at the next start */
#define LINK_BUFFER  (4 * (int)KEEPER_MAX_MESSAGE)
#define MAX_FAILED   3         /* agents in a row that did not live: their program is given up */
#define FIRST_FREE   10        /* files for the agent are moved above its fixed numbers */

static const char *lab_dir;
static int lab_netns, machine_netns;
static int program = -1; /* of the agents; -1: the keeper's own */
static int proven = -1;  /* the last program of which an agent settled; the keeper's own is one */
static int failed;       /* agents of the program that did not live, in a row */
static int newer;        /* the program was changed since the agent was started */

static pid_t agent; /* 0: none */
static long long started, due;
static int pause_ms;
static struct keeper_history history;

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void keeper_agent_setup(const char *dir, int lab, int machine)
{
	lab_dir = dir;
	lab_netns = lab;
	machine_netns = machine;
}

/* The program is a good one: it is never given up for not living again. */
static void prove_program(void)
{
	if (proven >= 0 && proven != program)
		close(proven);
	proven = program;
}

static void change_program(int file)
{
	if (program >= 0 && program != proven)
		close(program);
	program = file;
	failed = 0;
	pause_ms = 0;
	newer = 1;
}

void keeper_agent_program(int file)
{
	if (agent != 0 && !newer && now_ms() - started >= SETTLED_MS)
		prove_program();
	change_program(file);
}

/* Makes the log the standard error. Where there is none, what was there stays. */
static void open_log(void)
{
	char path[PATH_MAX], aside[PATH_MAX];
	struct stat st;
	int fd;

	if (snprintf(path, sizeof(path), "%s/agent.log", lab_dir) >= (int)sizeof(path) ||
	    snprintf(aside, sizeof(aside), "%s.1", path) >= (int)sizeof(aside))
		return;
	if (stat(path, &st) == 0 && st.st_size > MAX_LOG)
		rename(path, aside);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	close(fd);
}

/* The child's part of a start. */
static _Noreturn void become_agent(int store)
{
	char *argv[] = {"valelab-agent", (char *)lab_dir, NULL};
	sigset_t none;
	int machine, binary = -1;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	store = fcntl(store, F_DUPFD_CLOEXEC, FIRST_FREE);
	machine = fcntl(machine_netns, F_DUPFD_CLOEXEC, FIRST_FREE);
	if (program >= 0)
		binary = fcntl(program, F_DUPFD_CLOEXEC, FIRST_FREE);
	if (setns(lab_netns, CLONE_NEWNET) == 0 && dup2(store, KEEPER_AGENT_STORE) >= 0 &&
	    dup2(machine, KEEPER_AGENT_MACHINE) >= 0) {
		if (binary >= 0)
			fexecve(binary, argv, environ);
		execv("/proc/self/exe", argv);
	}
	dprintf(STDERR_FILENO, "valelab-keeper: start agent: errno %d\n", errno);
	_exit(127);
}

/* Goes back to the program before when agents of a new one never live. */
static void judge_program(long long lived)
{
	if (newer)
		return; /* the agent was one of the program before */
	if (lived >= SETTLED_MS) {
		failed = 0;
		prove_program();
		return;
	}
	failed++;
	if (program == proven || failed < MAX_FAILED)
		return;
	dprintf(STDERR_FILENO, "valelab-keeper: %d agents of the new program did not live: back to the one before\n", failed);
	change_program(proven);
}

/* Another start is due: at once after a good agent, else after a growing pause. */
static void plan_start(long long lived)
{
	if (lived >= SETTLED_MS)
		pause_ms = 0;
	due = now_ms() + pause_ms;
	pause_ms = pause_ms == 0 ? MIN_PAUSE_MS : pause_ms * 2;
	if (pause_ms > MAX_PAUSE_MS)
		pause_ms = MAX_PAUSE_MS;
}

int keeper_agent_start(void)
{
	int pair[2];
	int error;

	open_log();
	history.starts++;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		error = errno;
		plan_start(0);
		return error;
	}
	for (int i = 0; i < 2; i++)
		setsockopt(pair[i], SOL_SOCKET, SO_SNDBUFFORCE, &(int){LINK_BUFFER}, sizeof(int));
	agent = fork();
	if (agent < 0) {
		error = errno;
		agent = 0;
		close(pair[0]);
		close(pair[1]);
		plan_start(0);
		return error;
	}
	if (agent == 0)
		become_agent(pair[1]);
	close(pair[1]);
	started = now_ms();
	newer = 0;
	keeper_link_open(pair[0], history);
	return 0;
}

int keeper_agent_delay(void)
{
	long long left;

	if (agent != 0)
		return -1;
	left = due - now_ms();
	return left > 0 ? (int)left : 0;
}

void keeper_agent_reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != agent)
			continue;
		agent = 0;
		history.status = (unsigned)status;
		keeper_link_close();
		judge_program(now_ms() - started);
		plan_start(now_ms() - started);
		dprintf(STDERR_FILENO, "valelab-keeper: agent %d ended by %s %d\n", (int)pid,
			WIFSIGNALED(status) ? "signal" : "exit", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	}
}

void keeper_agent_kill(void)
{
	if (agent != 0)
		kill(agent, SIGKILL);
}

void keeper_agent_stop(void)
{
	if (agent == 0)
		return;
	kill(agent, SIGKILL);
	while (waitpid(agent, NULL, 0) < 0 && errno == EINTR)
		;
	agent = 0;
	keeper_link_close();
}
