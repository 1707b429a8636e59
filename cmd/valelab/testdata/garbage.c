/*
 * Opens a port with messages of its own (netmap_abi.h) and writes garbage, or what is nearly right, into all
 * memory that it is given: netmap_if, rings, slots, buffers and control blocks. It kicks, sends garbage requests,
 * and opens again when it is hung up on.
 *
 *	garbage SOCKET PORT SEED MILLISECONDS
 */
#include "program.h"

#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>

static uint64_t seed;
static uint32_t temper; /* one of so many writes is wild; of each open another */

static uint32_t rnd(void) /* xorshift64* */
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (uint32_t)((seed * 0x2545f4914f6cdd1dull) >> 32);
}

static uint32_t below(uint32_t n)
{
	return rnd() % n;
}

/* Nearly right, or anything. */
static uint32_t near(uint32_t n)
{
	return below(16) != 0 ? below(n) : below(2) != 0 ? n + below(3) - 1 : rnd();
}

struct open {
	int conn, region, kick, wake;
	struct nmu_grant grant;
	char *mem;
};

static struct sockaddr_un address = {.sun_family = AF_UNIX};

static void end(struct open *o)
{
	if (o->mem != NULL)
		munmap(o->mem, o->grant.region_size);
	for (int *fd = &o->conn; fd <= &o->wake; fd++)
		if (*fd >= 0)
			close(*fd);
}

/* Takes the answer to a request, and what comes with it. */
static bool answer(struct open *o)
{
	char reply[512], control[CMSG_SPACE(3 * sizeof(int))];
	struct iovec iov = {reply, sizeof(reply)};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(o->conn, &m, MSG_CMSG_CLOEXEC);
	struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&m) : NULL;

	if (c == NULL || c->cmsg_len != CMSG_LEN(3 * sizeof(int)) || n < (ssize_t)sizeof(o->grant))
		return false;
	memcpy(&o->region, CMSG_DATA(c), 3 * sizeof(int));
	memcpy(&o->grant, reply + n - sizeof(o->grant), sizeof(o->grant));
	o->mem = mmap(NULL, o->grant.region_size, PROT_READ | PROT_WRITE, MAP_SHARED, o->region, 0);
	CHECK(o->mem != MAP_FAILED);
	return true;
}

/* A registration: if it is not to be plain, some are of other ports, of pipes, of modes that do not fit. */
static bool register_port(struct open *o, const char *port, bool plain)
{
	static const uint32_t modes[] = {NR_REG_ALL_NIC, NR_REG_ALL_NIC, NR_REG_NIC_SW, NR_REG_SW, NR_REG_ONE_NIC, NR_REG_ONE_SW};
	static const char *const others[] = {"vale1:x", "vale1:x{1", "vale1:x}1", "valeleft:x", "pv{2"};
	struct {
		struct nmu_request q;
		struct nmreq_header h;
		struct nmreq_register r;
	} m = {
		.q = {.op = NMU_OP_CTRL, .version = NMU_VERSION, .id = rnd(), .body_len = sizeof(m.r)},
		.h = {.nr_version = NETMAP_API, .nr_reqtype = NETMAP_REQ_REGISTER, .nr_body = 1},
		.r = {.nr_mode = modes[plain ? 0 : below(6)], .nr_extra_bufs = below(4) == 0 ? below(100) : 0},
	};

	strncpy(m.h.nr_name, plain || below(4) != 0 ? port : others[below(5)], sizeof(m.h.nr_name) - 1);
	*o = (struct open){-1, -1, -1, -1, {0}, NULL};
	o->conn = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	CHECK(o->conn >= 0);
	return connect(o->conn, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	       send(o->conn, &m, sizeof(m), MSG_NOSIGNAL) == sizeof(m) && answer(o);
}

/* Writes garbage over n words from some place of a part of the memory. */
static void smear(struct open *o, uint64_t from, uint64_t size, uint32_t n)
{
	uint64_t at = from + ((((uint64_t)rnd() << 32) | rnd()) % size & ~3ull);

	for (; n > 0 && at + 4 <= from + size; n--, at += 4)
		*(volatile uint32_t *)(o->mem + at) = below(2) != 0 ? near(1024) : rnd();
}

static void scribble_ring(struct open *o, uint32_t k)
{
	struct netmap_ring *r = (void *)(o->mem + o->grant.ring_ofs + (uint64_t)k * o->grant.ring_size);
	struct nmu_ctl *ctl = (void *)(o->mem + o->grant.ctl_ofs + (uint64_t)k * NMU_CTL_SIZE);
	uint32_t slots = (o->grant.ring_size - 256) / 16;

	for (uint32_t i = 0; i < 64; i++) {
		struct netmap_slot *s = &r->slot[below(slots)];

		s->len = (uint16_t)near(2049);
		s->flags = (uint16_t)(below(4) != 0 ? below(2) * NS_MOREFRAG : rnd());
		if (below(8 * temper) == 0)
			s->buf_idx = near(o->grant.buf_num);
	}
	atomic_store(&ctl->head, below(temper) != 0 ? below(128) : near(1024));
	if (below(4) == 0)
		atomic_store(&ctl->wait, rnd());
	if (below(temper) == 0)
		smear(o, (uint64_t)((char *)ctl - o->mem), NMU_CTL_SIZE, 1 + below(64));
	if (below(temper) == 0)
		smear(o, (uint64_t)((char *)r - o->mem), 256, 1 + below(64));
}

static void scribble(struct open *o)
{
	struct nmu_grant *g = &o->grant;

	for (uint32_t k = 0; k < g->ring_num && k < 8; k++)
		scribble_ring(o, k);
	for (uint32_t k = 0; k < 8; k++)
		smear(o, g->buf_ofs, (uint64_t)g->buf_num * g->buf_size, 32);
	if (below(10) == 0)
		smear(o, g->if_ofs, 1024, 1 + below(256));
	if (below(4 * temper) == 0)
		smear(o, 0, g->region_size, 1024);
	CHECK(write(o->kick, &(uint64_t){1}, 8) == 8 || errno == EAGAIN);
}

/* A request that makes no sense; its answer is thrown away. */
static void babble(struct open *o)
{
	uint32_t m[64];
	struct pollfd fd = {.fd = o->conn, .events = POLLIN};

	for (uint32_t i = 0; i < 64; i++)
		m[i] = below(2) != 0 ? below(16) : rnd();
	m[0] = 1 + below(4);
	m[1] = NMU_VERSION;
	m[6] = NETMAP_API | below(16) << 16;
	if (send(o->conn, m, 24 + below(200), MSG_NOSIGNAL | MSG_DONTWAIT) > 0 && poll(&fd, 1, 1000) == 1)
		(void)!recv(o->conn, m, sizeof(m), MSG_DONTWAIT);
}

static bool hung_up(struct open *o)
{
	struct pollfd fd = {.fd = o->conn, .events = POLLIN};

	return poll(&fd, 1, 0) == 1 && (fd.revents & (POLLHUP | POLLERR)) != 0;
}

/* Breaks the rules for sure, and is hung up on. */
static void break_rules(const char *port)
{
	int64_t begin = milliseconds();
	struct pollfd fd = {.events = 0};
	struct open o;

	while (!register_port(&o, port, true)) {
		end(&o);
		CHECK(milliseconds() - begin < 20000);
		usleep(1000);
	}
	for (uint32_t k = 0; k < o.grant.ring_num; k++)
		atomic_store((_Atomic uint32_t *)(o.mem + o.grant.ctl_ofs + (uint64_t)k * NMU_CTL_SIZE), 1u << 30);
	CHECK(write(o.kick, &(uint64_t){1}, 8) == 8);
	fd.fd = o.conn;
	CHECK(poll(&fd, 1, 20000) == 1 && (fd.revents & POLLHUP) != 0);
	end(&o);
}

int main(int argc, char **argv)
{
	int64_t until;
	uint32_t opens = 0, lost = 0;

	CHECK(argc == 5 && strlen(argv[1]) < sizeof(address.sun_path));
	strcpy(address.sun_path, argv[1]);
	seed = strtoull(argv[3], NULL, 10) | 1;
	until = milliseconds() + atoi(argv[4]);
	while (milliseconds() < until) {
		struct open o;

		if (register_port(&o, argv[2], false)) {
			opens++;
			temper = 2u << below(8);
			for (uint32_t k = 0; k < 1000 && !hung_up(&o) && milliseconds() < until; k++) {
				scribble(&o);
				if (below(50) == 0)
					babble(&o);
				usleep(below(100));
			}
			lost += hung_up(&o);
		}
		end(&o);
	}
	break_rules(argv[2]);
	printf("%u opens, %u of them lost\n", opens, lost);
	return 0;
}
