// Process 1 of a container until its command may start; doc.go has the story.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "entry.h"

#define RETRY_MS 20
#define EXIT_CANNOT_RUN 126
#define EXIT_NOT_FOUND 127

// die ends the container as the signal would end any other process: process 1
// has no default actions.
static void die(int signal)
{
	_exit(128 + signal);
}

// mortal lets the signals that containers are stopped with end the wait. What
// is caught goes back to its default with the command's exec.
static void mortal(void)
{
	const int signals[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGRTMIN + 3};
	struct sigaction action = {.sa_handler = die};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, NULL);
}

// gate_opens connects and waits for the word to go on. It returns 0 when the
// other side is not there, or went away.
static int gate_opens(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = ENTRY_GATE};
	char word = 0;
	ssize_t n;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return 0;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		close(fd);
		return 0;
	}
	do
		n = read(fd, &word, 1);
	while (n < 0 && errno == EINTR);
	close(fd);
	return n == 1 && word == ENTRY_GO;
}

static void wait_for_gate(void)
{
	const struct timespec pause = {.tv_nsec = RETRY_MS * 1000000L};

	while (!gate_opens())
		nanosleep(&pause, NULL);
}

// stand is what a container without a command does: process 1 has to reap.
static void stand(void)
{
	sigset_t child;
	int signal;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	for (;;) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		sigwait(&child, &signal);
	}
}

// becomes runs a file. Where the preload library gives /dev/netmap to the node's
// programs, one that does not load it is served in another way (netmap/exec).
static void becomes(const char *file, char **argv)
{
	const char *preload = getenv("LD_PRELOAD");
	struct stat st;
	char **words;
	size_t n = 0;

	if (preload && strncmp(preload, ENTRY_PRELOAD, strlen(ENTRY_PRELOAD)) == 0 && strcmp(file, ENTRY_PROGRAM) != 0 &&
	    access(file, X_OK) == 0 && stat(file, &st) == 0 && S_ISREG(st.st_mode)) {
		while (argv[n])
			n++;
		words = calloc(n + 3, sizeof(*words));
		if (words) {
			words[0] = "valelab-netmap-if-static";
			words[1] = (char *)file;
			memcpy(words + 2, argv, n * sizeof(*argv));
			execv(ENTRY_PROGRAM, words);
		}
	}
	execv(file, argv);
}

// run becomes the command. Its name is looked up in PATH as the engine does
// it: the first file that can be run, never a shell in place of one that can't.
static int run(char **argv)
{
	const char *path = getenv("PATH");
	int fault = ENOENT;
	char file[4096];

	if (strchr(argv[0], '/')) {
		becomes(argv[0], argv);
		return errno;
	}
	for (path = path ? path : ""; *path; path += *path == ':') {
		size_t length = strcspn(path, ":");
		int n = snprintf(file, sizeof(file), "%.*s/%s", (int)(length ? length : 1), length ? path : ".", argv[0]);

		path += length;
		if (n < 0 || (size_t)n >= sizeof(file))
			continue;
		becomes(file, argv);
		if (errno != ENOENT && errno != ENOTDIR)
			fault = errno;
	}
	return fault;
}

static int entry(char **argv)
{
	int fault;

	mortal();
	wait_for_gate();
	if (!argv[0])
		stand();
	fault = run(argv);
	dprintf(2, "valelab: cannot run %s: %s\n", argv[0], strerror(fault));
	return fault == ENOENT || fault == ENOTDIR ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
}

// boot turns this binary into the entrypoint when it was started as such.
__attribute__((constructor)) static void boot(int argc, char **argv)
{
	if (argc >= 2 && strcmp(argv[0], ENTRY_PROGRAM) == 0 && strcmp(argv[1], ENTRY_WORD) == 0)
		_exit(entry(argv + 2));
}
