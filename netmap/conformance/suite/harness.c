#define _GNU_SOURCE
#include "harness.h"

#include <errno.h>
#include <fnmatch.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "inherit.h"

const char *netdev;

static struct test_case *cases, **last = &cases;
static unsigned backend = KERNEL;
static int limit = 20; /* seconds a case may take */

void add_case(struct test_case *c)
{
	*last = c;
	last = &c->next;
}

void fail_at(const char *file, int line, const char *format, ...)
{
	va_list args;

	printf("# %s:%d: ", file, line);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	_exit(1);
}

void check_equal(const char *file, int line, const char *what, long long got, long long want)
{
	if (got != want)
		fail_at(file, line, "%s is %lld, want %lld", what, got, want);
}

static const char *error_name(int e)
{
	const char *name = e == 0 ? "success" : strerrorname_np(e);

	return name != NULL ? name : "?";
}

void check_errno(const char *file, int line, const char *what, long long got, int want)
{
	if (got != want)
		fail_at(file, line, "%s: %s, want %s", what, error_name((int)got), error_name(want));
}

/* Whether the process ends within the limit. The system calls are made as such, since poll may be interposed. */
static bool ends_in_time(pid_t child)
{
	int fd = (int)syscall(SYS_pidfd_open, child, 0);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	struct timespec t = {.tv_sec = limit};
	long n;

	do
		n = syscall(SYS_ppoll, &p, 1, &t, NULL, 0);
	while (n < 0 && errno == EINTR);
	syscall(SYS_close, fd);
	return n > 0;
}

/* Runs a case in a process group of its own, which ends with it. */
static bool passes(struct test_case *c)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		setpgid(0, 0);
		c->run();
		fflush(stdout);
		_exit(0);
	}
	setpgid(child, child);
	if (!ends_in_time(child))
		printf("# takes longer than %d s\n", limit);
	kill(-child, SIGKILL);
	if (waitpid(child, &status, 0) != child)
		return false;
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
		printf("# %s\n", strsignal(WTERMSIG(status)));
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool chosen(const char *name, char **patterns)
{
	if (*patterns == NULL)
		return true;
	for (; *patterns != NULL; patterns++)
		if (fnmatch(*patterns, name, 0) == 0)
			return true;
	return false;
}

static const char *why_not(const struct test_case *c)
{
	if ((c->needs & (KERNEL | USER)) != 0 && (c->needs & backend) == 0)
		return backend == KERNEL ? "of the user-space switch" : "of the module";
	if ((c->needs & NETDEV) != 0 && netdev == NULL)
		return "wants a network device: -e NAME";
	return NULL;
}

static int usage(void)
{
	fprintf(stderr, "usage: conformance [-b kernel|user] [-e NETDEV] [-t SECONDS] [-l] [CASE...]\n");
	return 2;
}

int main(int argc, char **argv)
{
	bool list = false;
	int number = 0, failed = 0, opt;

	if (argc > 2 && strcmp(argv[1], INHERITED) == 0)
		return inherited(argv + 2);
	while ((opt = getopt(argc, argv, "b:e:t:l")) != -1) {
		if (opt == 'b' && strcmp(optarg, "user") == 0)
			backend = USER;
		else if (opt == 'b' && strcmp(optarg, "kernel") == 0)
			backend = KERNEL;
		else if (opt == 'e')
			netdev = optarg;
		else if (opt == 't')
			limit = atoi(optarg);
		else if (opt == 'l')
			list = true;
		else
			return usage();
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (struct test_case *c = cases; c != NULL; c = c->next) {
		const char *why = why_not(c);
		bool ok;

		if (!chosen(c->name, argv + optind))
			continue;
		if (list) {
			printf("%s\t%s\n", c->name, c->file);
			continue;
		}
		number++;
		if (why != NULL) {
			printf("ok %d - %s # SKIP %s\n", number, c->name, why);
			continue;
		}
		fflush(stdout);
		ok = passes(c);
		printf("%sok %d - %s\n", ok ? "" : "not ", number, c->name);
		failed += !ok;
	}
	if (!list)
		printf("1..%d\n", number);
	return failed != 0;
}
