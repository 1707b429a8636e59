/* How long a port lives: until its last descriptor and mapping is gone, in whatever process. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fd.h"
#include "frame.h"
#include "harness.h"
#include "inherit.h"

static void wait_until_gone(const char *name)
{
	for (int i = 0; exists(name); i++) { /* a killed process takes a while */
		TRUE(i < 1000);
		usleep(10000);
	}
}

static void end_well(pid_t child)
{
	int status = -1;

	EQ(waitpid(child, &status, 0), child);
	EQ(status, 0);
}

CASE(port_goes_with_close)
{
	struct port a = open_port(vale("a"));

	TRUE(exists(a.name));
	close_port(&a);
	EQ(exists(a.name), 0);
}

CASE(port_goes_with_last_open)
{
	struct port a = open_port(vale("a")), b = open_port(a.name);

	close_port(&a);
	TRUE(exists(b.name));
	close_port(&b);
	EQ(exists(b.name), 0);
}

CASE(dup_keeps_port)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));
	int copies[3] = {dup(a.fd), fcntl(a.fd, F_DUPFD, 100), dup2(a.fd, 200)};

	close(a.fd);
	EQ(copies[1], 100);
	EQ(copies[2], 200);
	for (int i = 0; i < 3; i++) {
		a.fd = copies[i];
		send_frame(&a, EVERYBODY, 1, (uint32_t)i);
		expect_frames(&b, (uint32_t)i, 1);
		if (i == 2)
			map_port(&a);
		close(copies[i]);
	}
}

CASE(dup2_over_port_closes_it)
{
	struct port a = open_port(vale("a"));
	int fd = open("/dev/null", O_RDWR);
	char c = 0;

	EQ(dup2(fd, a.fd), a.fd);
	EQ(read(a.fd, &c, 1), 0); /* /dev/null now */
	EQ(write(a.fd, &c, 1), 1);
	close_port(&a);
	EQ(exists(a.name), 0);
}

CASE(descriptor_number_used_again)
{
	struct port a = open_port(vale("a"));
	int fd = a.fd, ends[2];
	char c;

	close_port(&a);
	EQ(pipe(ends), 0);
	EQ(ends[0], fd);
	EQ(write(ends[1], "x", 1), 1);
	EQ(read(fd, &c, 1), 1);
	close(fd);
	a = open_port(vale("b"));
	EQ(a.fd, fd);
	tx_sync(&a);
}

CASE(fork_keeps_port)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));
	int go[2];
	pid_t child;
	char c;

	EQ(pipe(go), 0);
	child = fork();
	if (child == 0) {
		close(go[1]);
		EQ(read(go[0], &c, 1), 0); /* the parent has closed */
		send_frame(&a, EVERYBODY, 1, 7);
		_exit(0);
	}
	close_port(&a);
	TRUE(exists(a.name));
	close(go[1]);
	close(go[0]);
	end_well(child);
	expect_frames(&b, 7, 1);
	wait_until_gone(a.name);
}

CASE(fork_child_opens_its_own)
{
	struct port a = open_port(vale("a"));
	pid_t child = fork();

	if (child == 0) {
		struct port b = open_port(vale("b"));

		send_frame(&b, EVERYBODY, 2, 7);
		_exit(0);
	}
	end_well(child);
	expect_frames(&a, 7, 1);
}

CASE(fork_positions_are_shared)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));

	for (uint32_t i = 0; i < 6; i++) {
		pid_t child = fork();

		if (child == 0) {
			send_frame(&a, EVERYBODY, 1, i);
			_exit(0);
		}
		end_well(child);
		EQ(tx_ring(&a, 0)->head, i + 1);
	}
	expect_frames(&b, 0, 6);
}

CASE(exec_inherits_port)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));
	pid_t child;
	char fd[16];

	send_frame(&a, EVERYBODY, 1, 0);
	child = fork();
	if (child == 0) {
		snprintf_fd(fd, a.fd);
		execl("/proc/self/exe", "conformance", INHERITED, fd, a.name, (char *)NULL);
		_exit(9);
	}
	close(a.fd);
	end_well(child);
	rx_sync(&b);
	EQ(space(rx_ring(&b, 0)), 2);
}

CASE(close_on_exec_ends_port)
{
	struct port a = open_port(vale("a"));
	pid_t child;
	char fd[16];

	EQ(fcntl(a.fd, F_SETFD, FD_CLOEXEC), 0);
	snprintf_fd(fd, a.fd);
	child = fork();
	if (child == 0) {
		execl("/proc/self/exe", "conformance", INHERITED, fd, "closed", (char *)NULL);
		_exit(9);
	}
	end_well(child);
}

CASE(descriptor_passed_over_socket)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b")), got = {0};
	int pair[2];
	pid_t child;

	EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	child = fork();
	if (child == 0) { /* knows nothing but what it is sent */
		close_port(&a);
		send_fd(pair[1], device());
		got.fd = receive_fd(pair[1]);
		got.reg = a.reg;
		map_port(&got);
		send_frame(&got, EVERYBODY, 1, 7);
		_exit(0);
	}
	close(receive_fd(pair[0])); /* unregistered ones can be sent, too */
	send_fd(pair[0], a.fd);
	close_port(&a);
	end_well(child);
	expect_frames(&b, 7, 1);
	close(pair[0]);
	close(pair[1]);
	wait_until_gone(a.name);
}

CASE(descriptor_in_flight_keeps_port)
{
	struct port a = open_port(vale("a"));
	int pair[2];

	EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	send_fd(pair[0], a.fd);
	close_port(&a);
	TRUE(exists(a.name));
	close(pair[0]);
	a.fd = receive_fd(pair[1]);
	map_port(&a);
	tx_sync(&a);
}

CASE(registered_by_receiver)
{
	struct nmreq_register reg = {.nr_mode = NR_REG_ALL_NIC};
	struct port a = {.fd = device()}, b = open_port(vale("b"));
	int pair[2];
	pid_t child;

	EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	child = fork();
	if (child == 0) {
		int fd = receive_fd(pair[1]);

		ERR(try_register(fd, vale("a"), &reg), 0);
		EQ(write(pair[1], &reg, sizeof(reg)), sizeof(reg));
		_exit(0);
	}
	send_fd(pair[0], a.fd);
	EQ(read(pair[0], &a.reg, sizeof(a.reg)), sizeof(a.reg));
	end_well(child);
	map_port(&a);
	send_frame(&a, EVERYBODY, 1, 7);
	expect_frames(&b, 7, 1);
}

static pid_t child_with_port(const char *name, bool busy)
{
	pid_t child;
	int ready[2];
	char c;

	EQ(pipe(ready), 0);
	child = fork();
	if (child == 0) {
		struct port p = open_port(name);

		EQ(write(ready[1], "x", 1), 1);
		while (busy)
			send_frames(&p, EVERYBODY, 1, 0, 100);
		pause();
	}
	close(ready[1]);
	EQ(read(ready[0], &c, 1), 1);
	return child;
}

CASE(kill_ends_port)
{
	pid_t child = child_with_port(vale("a"), false);

	TRUE(exists(vale("a")));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	wait_until_gone(vale("a"));
	open_port(vale("a"));
}

CASE(kill_of_sender_disturbs_nobody)
{
	struct port b = open_port(vale_at(0, "b")), c = open_port(vale_at(0, "c"));

	for (int i = 0; i < 3; i++) {
		pid_t child = child_with_port(vale_at(0, "a"), true);

		usleep(20000);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		wait_until_gone(vale_at(0, "a"));
		drain(&b);
		drain(&c);
		send_frames(&b, EVERYBODY, 2, 0, 1000);
		expect_frames(&c, 0, 1000);
	}
}

CASE(kill_of_receiver_disturbs_nobody)
{
	struct port a = open_port(vale("a")), c = open_port(vale("c"));
	pid_t child = child_with_port(vale("b"), false);

	send_frames(&a, EVERYBODY, 1, 0, 500);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	send_frames(&a, EVERYBODY, 1, 500, 500);
	expect_frames(&c, 0, 1000);
}

/* What daemons do before they start. */
/* What was synced is on its way, also that of a program that sends as fast as it can and ends. */
CASE(closed_sender_has_sent)
{
	struct port a = open_port(vale("a")), full = open_port(vale("full")), b = open_port(vale("b"));
	uint32_t n = tx_ring(&a, 0)->num_slots / 2;

	send_frame(&full, EVERYBODY, 2, 0);
	send_frame(&b, EVERYBODY, 3, 0);
	for (int i = 0; i < 100; i++)
		send_frames(&a, 2, 1, 0, n);
	send_frames(&a, 3, 1, 100, n);
	close_port(&a);
	wait_until_gone(a.name);
	rx_sync(&b);
	take(rx_ring(&b, 0)); /* full's to everybody */
	expect_frames(&b, 100, n);
}

CASE(all_descriptors_closed_before)
{
	struct port a = open_port(vale("a")), b;

	for (int fd = 3; fd < 1024; fd++)
		close(fd);
	b = open_port(vale("b"));
	EQ(b.fd, 3);
	b.fd = dup(b.fd);
	tx_sync(&b);
	rx_sync(&b);
	munmap_port(&a);
	EQ(exists(a.name), 0);
}

CASE(close_range_closes_port)
{
	struct port a = open_port(vale("a")), b;

	EQ(close_range(3, ~0u, 0), 0);
	munmap_port(&a);
	EQ(exists(a.name), 0);
	b = open_port(vale("b"));
	tx_sync(&b);
}

CASE(opens_and_closes_many_times)
{
	for (int i = 0; i < 30; i++) {
		struct port a = open_with(vale("a"), (struct nmreq_register){.nr_tx_slots = 64, .nr_rx_slots = 64});

		EQ(a.fd, 3);
		tx_sync(&a);
		close_port(&a);
	}
	EQ(exists(vale("a")), 0);
}
