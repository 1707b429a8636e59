// A terminal in the node for a command, joined to the terminal of the caller.
// The command can't reach the caller's own one, and Ctrl-C, window sizes and
// job control work inside.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "node.h"

enum { TTY_GROUP = 5 };

static int master = -1;
static int raw;		     // the caller's terminal is in raw mode
static struct termios saved; // how it was before

// Typed input that the node's terminal had no room for yet.
static char input[4096];
static size_t input_start, input_end;
static int input_over;

int node_terminal_open(const struct config *c, int *slave)
{
	if (tcgetattr(STDIN_FILENO, &saved) != 0)
		return node_fail("terminal");
	master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (master < 0 || unlockpt(master) != 0)
		return node_fail("the node's /dev/ptmx");
	*slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*slave < 0 || fchown(*slave, c->uid, TTY_GROUP) != 0)
		return node_fail("terminal of the node");
	if (tcsetattr(*slave, TCSANOW, &saved) != 0)
		return node_fail("terminal of the node");
	node_terminal_resize();
	return 0;
}

// node_terminal_resize gives the node's terminal the size of the caller's.
void node_terminal_resize(void)
{
	struct winsize size;

	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
		ioctl(master, TIOCSWINSZ, &size);
}

// node_terminal_raw hands every key on as it is typed.
int node_terminal_raw(void)
{
	struct termios t = saved;

	cfmakeraw(&t);
	if (tcsetattr(STDIN_FILENO, TCSADRAIN, &t) != 0)
		return node_fail("terminal");
	raw = 1;
	return 0;
}

void node_terminal_restore(void)
{
	if (raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
	raw = 0;
}

// await_room waits until the caller's terminal takes more. It may be one that
// does not block: that is a matter of all who have it open.
static void await_room(void)
{
	struct pollfd room = {.fd = STDOUT_FILENO, .events = POLLOUT};

	poll(&room, 1, -1);
}

// show copies one chunk of output. It returns whether there was any.
static int show(void)
{
	char chunk[4096];
	ssize_t count = read(master, chunk, sizeof(chunk)), done = 0;

	while (done < count) {
		ssize_t n = write(STDOUT_FILENO, chunk + done, (size_t)(count - done));

		if (n < 0 && errno == EAGAIN)
			await_room();
		else if (n < 0 && errno != EINTR)
			break; // the caller's terminal is gone, SIGHUP follows
		if (n > 0)
			done += n;
	}
	return count > 0;
}

static void take_input(void)
{
	ssize_t n = read(STDIN_FILENO, input, sizeof(input));

	input_over = n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN);
	input_start = 0;
	input_end = n > 0 ? (size_t)n : 0;
}

static void pass_input(void)
{
	ssize_t n = write(master, input + input_start, input_end - input_start);

	if (n > 0)
		input_start += (size_t)n;
}

// node_terminal_relay copies both ways until a signal is there to be read.
void node_terminal_relay(int signals)
{
	for (;;) {
		int pending = input_start < input_end;
		struct pollfd fds[] = {
			{.fd = signals, .events = POLLIN},
			{.fd = master, .events = (short)(pending ? POLLIN | POLLOUT : POLLIN)},
			{.fd = pending || input_over ? -1 : STDIN_FILENO, .events = POLLIN},
		};

		if (poll(fds, 3, -1) < 0)
			continue;
		if (fds[1].revents & POLLIN)
			show();
		if (fds[1].revents & POLLOUT)
			pass_input();
		if (fds[2].revents != 0)
			take_input();
		if (fds[0].revents != 0)
			return;
		// Nobody has the other end open for now: the command is about to end.
		if ((fds[1].revents & (POLLIN | POLLHUP)) == POLLHUP)
			poll(fds, 1, 100);
	}
}

// node_terminal_drain shows what the command wrote before it ended.
void node_terminal_drain(void)
{
	struct pollfd fd = {.fd = master, .events = POLLIN};

	// Bounded, as others in the node may write on.
	for (int chunks = 0; chunks < 1024; chunks++)
		if (poll(&fd, 1, 0) <= 0 || !(fd.revents & POLLIN) || !show())
			return;
}
