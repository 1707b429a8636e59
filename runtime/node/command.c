// A command in a fresh child of init or exec.
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "node.h"

// reset_signals goes past glibc, which keeps two signals to itself and leaves
// them ignored in what posix_spawn starts (make, for one).
static int reset_signals(void)
{
	static const unsigned long by_default[8]; // struct sigaction of the kernel, SIG_DFL
	const size_t mask_size = 8;
	sigset_t none;

	for (int number = 1; number < _NSIG; number++)
		if (syscall(SYS_rt_sigaction, number, by_default, NULL, mask_size) != 0 &&
		    errno != EINVAL) // EINVAL: can't be caught
			return node_fail("signal %d", number);
	sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) != 0)
		return node_fail("signals");
	return 0;
}

// place moves the three files to 0, 1 and 2 and closes all others.
static int place(struct stdio io)
{
	if (dup2(io.in, STDIN_FILENO) < 0 || dup2(io.out, STDOUT_FILENO) < 0 ||
	    dup2(io.err, STDERR_FILENO) < 0)
		return node_fail("standard files");
	if (close_range(STDERR_FILENO + 1, ~0U, 0) != 0)
		return node_fail("close_range");
	return 0;
}

void node_run(const struct config *c, struct stdio io)
{
	if (reset_signals() != 0 || place(io) != 0) {
		node_warn("%s", node_fault());
		_exit(EXIT_CANNOT_RUN);
	}
	if (chdir(c->dir) != 0) {
		node_warn("cannot change to %s: %s", c->dir, strerror(errno));
		_exit(EXIT_CANNOT_RUN);
	}
	environ = c->env.items; // execvp looks the command up on this PATH
	execvp(c->argv.items[0], c->argv.items);
	node_warn("cannot run %s: %s", c->argv.items[0], strerror(errno));
	_exit(errno == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN);
}
