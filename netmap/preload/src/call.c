/*
 * One request and its reply. Threads of a process take turns by the port's lock, processes that share the
 * connection by a lock on the socket, which the kernel takes back from the dead.
 */
#include "client.h"
#include "sys.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#define ANSWER_TIME 10000 /* ms: a new agent takes over within a second */

static int lock_thread(struct nm_port *p)
{
	uint64_t pid = (uint64_t)sys(__NR_getpid), self = pid << 32 | nm_thread(), holder = 0;

	while (!atomic_compare_exchange_strong(&p->lock, &holder, self)) {
		if (holder == self)
			return -EBUSY; /* a signal handler, in the middle of a request of its own thread */
		if (holder >> 32 == pid) {
			sys_yield();
			holder = 0;
		} /* else a fork has copied it: whoever has it is not in this process */
	}
	return 0;
}

static int lock_process(int conn, int type)
{
	struct flock lock = {.l_type = (short)type, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
	long ret;

	do
		ret = sys(__NR_fcntl, conn, F_SETLKW, &lock);
	while (ret == -EINTR);
	return (int)ret;
}

static int send_request(int conn, const struct nm_message *m, uint32_t id)
{
	struct nmu_request head = {
		.op = m->op,
		.version = NMU_VERSION,
		.id = id,
		.flags = m->flags,
		.body_len = m->body_len,
		.options_len = m->options_len,
	};
	struct iovec iov[2] = {{&head, sizeof(head)}, {m->data, m->head_len + m->body_len + m->options_len}};
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};
	struct pollfd room = {.fd = conn, .events = POLLOUT};
	long n;

	while ((n = sys(__NR_sendmsg, conn, &msg, MSG_NOSIGNAL)) == -EINTR || n == -EAGAIN)
		if (n == -EAGAIN)
			sys(__NR_poll, &room, 1, ANSWER_TIME);
	return n == -EPIPE || n == -ECONNRESET ? -ENXIO : n < 0 ? (int)n : 0;
}

/* Takes the descriptors out of a control message; they are close-on-exec. */
static int rights(struct msghdr *msg, int fds[3])
{
	struct cmsghdr *c = msg->msg_control;
	size_t n = 0;

	if (msg->msg_controllen >= CMSG_LEN(0) && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		nm_copy(fds, CMSG_DATA(c), (n < 3 ? n : 3) * sizeof(int));
	}
	return (int)n;
}

static void drop(const int *fds, int n)
{
	for (int i = 0; i < n; i++)
		sys_close(fds[i]);
}

/* Waits for the reply with this id. Gives its errno, or what went wrong. */
static int receive_reply(int conn, struct nm_message *m, uint32_t id)
{
	struct nmu_reply head;
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(3 * sizeof(int))];
	struct pollfd in = {.fd = conn, .events = POLLIN};
	uint32_t sent = m->head_len + m->body_len + m->options_len, data;

	for (;;) {
		struct iovec iov[2] = {{&head, sizeof(head)}, {m->data, m->capacity}};
		struct msghdr msg = {
			.msg_iov = iov, .msg_iovlen = 2, .msg_control = control, .msg_controllen = sizeof(control)};
		long n = sys(__NR_poll, &in, 1, ANSWER_TIME);
		int nfds;

		if (n == -EINTR)
			continue;
		if (n <= 0)
			return n == 0 ? -EIO : (int)n;
		n = sys(__NR_recvmsg, conn, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		if (n == -EINTR || n == -EAGAIN)
			continue;
		if (n < (long)sizeof(head))
			return -ENXIO; /* the end of the connection */
		nfds = rights(&msg, m->fds);
		if (head.id != id) {
			drop(m->fds, nfds);
			continue;
		}
		n -= (long)sizeof(head);
		if (n == 0 && head.error > 0)
			return -head.error;
		data = m->head_len + head.body_len + head.options_len;
		if (head.version != NMU_VERSION || head.error < 0 || n != (long)data + head.grant_len || data > sent ||
		    (head.grant_len != 0 && head.grant_len != sizeof(m->grant))) {
			drop(m->fds, nfds);
			return -EPROTO;
		}
		m->body_len = head.body_len;
		m->options_len = head.options_len;
		m->has_grant = head.grant_len != 0;
		if (m->has_grant)
			nm_copy(&m->grant, (char *)m->data + data, sizeof(m->grant));
		if (m->has_grant && nfds != (m->grant.kind & NMU_NATIVE ? 1 : 3)) {
			drop(m->fds, nfds);
			return -EPROTO;
		}
		return -head.error;
	}
}

int nm_call(struct nm_port *p, int conn, struct nm_message *m)
{
	int ret;

	nm_may_wait();
	ret = lock_thread(p);
	if (ret < 0)
		return ret;
	m->has_grant = false;
	ret = lock_process(conn, F_WRLCK);
	if (ret == 0) {
		uint32_t id = (uint32_t)sys(__NR_gettid) << 8 | (++p->next_id & 0xff);

		ret = send_request(conn, m, id);
		if (ret == 0)
			ret = receive_reply(conn, m, id);
		lock_process(conn, F_UNLCK);
	}
	atomic_store(&p->lock, 0);
	return ret;
}
