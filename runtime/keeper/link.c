#define _GNU_SOURCE
#include "link.h"
#include "agent.h"
#include "store.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define IDLE (-1)

int keeper_link = -1;
int keeper_link_stop;

static struct keeper_history history;
static struct keeper_header reply; /* that waits for room; op 0: none */
static int listed = IDLE;          /* entries that the running LIST has sent */

void keeper_link_open(int socket, struct keeper_history past)
{
	keeper_link = socket;
	history = past;
	reply.op = 0;
	listed = IDLE;
}

short keeper_link_events(void)
{
	return reply.op != 0 || listed != IDLE ? POLLOUT : POLLIN;
}

/* Sends one message. Returns 0 or an errno. */
static int send_message(const struct keeper_header *h, const void *body, const int *files)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int) * KEEPER_MAX_FILES)];
	} control = {0};
	struct iovec iov[2] = {
		{.iov_base = (void *)h, .iov_len = sizeof(*h)},
		{.iov_base = (void *)body, .iov_len = (size_t)h->key_len + h->payload_len},
	};
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};

	if (h->files > 0) {
		struct cmsghdr *c;

		msg.msg_control = control.space;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * h->files);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * h->files);
		memcpy(CMSG_DATA(c), files, sizeof(int) * h->files);
	}
	return sendmsg(keeper_link, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? errno : 0;
}

/* Sends what waits. Returns 0 when nothing waits any more, or an errno. */
static int send_waiting(void)
{
	int error = 0;

	if (reply.op != 0) {
		error = send_message(&reply, NULL, NULL);
		if (error == 0)
			reply.op = 0;
	}
	while (error == 0 && listed != IDLE) {
		const struct keeper_entry *entry = keeper_store_at((unsigned)listed);
		struct keeper_header h = {.op = KEEPER_END, .payload_len = sizeof(history)};

		if (!entry) {
			error = send_message(&h, &history, NULL);
			if (error == 0)
				listed = IDLE;
			break;
		}
		h.op = KEEPER_ENTRY;
		h.files = entry->files;
		h.key_len = entry->key_len;
		h.payload_len = entry->payload_len;
		error = send_message(&h, entry->data, entry->file);
		if (error == 0)
			listed++;
	}
	return error;
}

/*
 * Receives one message and its files. Returns its length, 0 at the end, or -1 with errno; EMFILE: it has
 * lost files, since the keeper may hold no more.
 */
static ssize_t receive(void *buffer, size_t size, int *files, unsigned *count)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int) * KEEPER_MAX_FILES)];
	} control;
	struct iovec iov = {.iov_base = buffer, .iov_len = size};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space),
	};
	ssize_t n = recvmsg(keeper_link, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *c;

	*count = 0;
	if (n <= 0)
		return n;
	c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
		*count = (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(files, CMSG_DATA(c), sizeof(int) * *count);
	}
	if (msg.msg_flags & MSG_CTRUNC) {
		errno = EMFILE;
		return -1;
	}
	return n;
}

/* Carries out a request that is well formed. Returns 0 and owns files, or an errno and owns nothing. */
static int carry_out(const struct keeper_request *request, const int *files)
{
	switch (request->op) {
	case KEEPER_PUT:
		return keeper_store_put(request, files);
	case KEEPER_DELETE:
		keeper_store_delete(request);
		return 0;
	case KEEPER_PROGRAM:
		keeper_agent_program(files[0]);
		return 0;
	case KEEPER_LIST:
		listed = 0;
		return 0;
	default:
		keeper_link_stop = 1;
		return 0;
	}
}

/* Reads one request and carries it out. Returns -1 when there is no more to come, else 0. */
static int take_request(void)
{
	static char buffer[KEEPER_MAX_MESSAGE + 1]; /* a message that is too long fills it and does not decode */
	struct keeper_request request = {0};
	int files[KEEPER_MAX_FILES];
	unsigned count;
	int error;
	ssize_t n = receive(buffer, sizeof(buffer), files, &count);

	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return -1;
	if (n < 0 && errno != EMFILE)
		return 0;
	error = n < 0 ? EMFILE : keeper_decode(buffer, (size_t)n, count, &request);
	if (error == 0)
		error = carry_out(&request, files);
	if (error != 0)
		while (count > 0)
			close(files[--count]);
	if (error != 0 || request.op == KEEPER_PUT || request.op == KEEPER_DELETE ||
	    request.op == KEEPER_PROGRAM)
		reply = (struct keeper_header){.op = KEEPER_REPLY, .error = error};
	return 0;
}

int keeper_link_step(void)
{
	int error;

	if (reply.op == 0 && listed == IDLE && take_request() < 0)
		return -1;
	error = send_waiting();
	return error == 0 || error == EAGAIN || error == EINTR ? 0 : -1;
}

void keeper_link_close(void)
{
	struct pollfd waiting = {.fd = keeper_link, .events = POLLIN};

	if (keeper_link < 0)
		return;
	/* Nobody sends any more, so there is an end to it. */
	while (poll(&waiting, 1, 0) > 0 && (waiting.revents & POLLIN) && take_request() == 0)
		;
	close(keeper_link);
	keeper_link = -1;
}
