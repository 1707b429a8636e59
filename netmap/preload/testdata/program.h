/* What the test programs share. They know of netmap(4), and nothing of valelab but the layout of its structs. */
#define _GNU_SOURCE
#include "netmap_abi.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHECK(what)                                                                                     \
	do {                                                                                            \
		errno = 0;                                                                              \
		if (!(what)) {                                                                          \
			fprintf(stderr, "%s:%d: %s (errno %d: %s)\n", __FILE__, __LINE__, #what, errno,     \
				strerror(errno));                                                       \
			exit(1);                                                                        \
		}                                                                                       \
	} while (0)

/* The call fails with this errno. */
#define FAILS(call, number) CHECK((call) == -1 && errno == (number))

#define DEVICE "/dev/netmap"

struct port {
	int fd;
	struct nmreq_register reg;
	char *mem;
	struct netmap_if *nif;
	struct netmap_ring *tx, *rx; /* ring 0, where it is open */
};

static inline int control(int fd, uint16_t type, const char *name, void *body, void *options)
{
	struct nmreq_header h = {
		.nr_version = NETMAP_API,
		.nr_reqtype = type,
		.nr_options = (uintptr_t)options,
		.nr_body = (uintptr_t)body,
	};

	strncpy(h.nr_name, name, sizeof(h.nr_name) - 1);
	return ioctl(fd, NIOCCTRL, &h);
}

static inline void find_rings(struct port *p)
{
	uint32_t tx;

	p->mem = mmap(NULL, p->reg.nr_memsize, PROT_READ | PROT_WRITE, MAP_SHARED, p->fd, 0);
	CHECK(p->mem != MAP_FAILED);
	p->nif = (void *)(p->mem + p->reg.nr_offset);
	tx = p->nif->ni_tx_rings + p->nif->ni_host_tx_rings;
	p->tx = (void *)((char *)p->nif + p->nif->ring_ofs[0]);
	p->rx = (void *)((char *)p->nif + p->nif->ring_ofs[tx]);
}

static inline int64_t milliseconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Registers a port for oneself, as nobody has touched it yet. The switch may not have noticed yet that it was closed. */
static inline int port_register(struct port *p, const char *name, uint64_t flags)
{
	int64_t begin = milliseconds();
	int ret;

	do {
		p->reg = (struct nmreq_register){.nr_mode = NR_REG_ALL_NIC, .nr_flags = flags | NR_EXCLUSIVE};
		ret = control(p->fd, NETMAP_REQ_REGISTER, name, &p->reg, NULL);
	} while (ret < 0 && errno == EBUSY && milliseconds() - begin < 20000 && usleep(1000) == 0);
	return ret;
}

static inline struct port port_open(const char *name, uint64_t flags)
{
	struct port p = {.fd = open(DEVICE, O_RDWR)};

	CHECK(p.fd >= 0);
	CHECK(port_register(&p, name, flags) == 0);
	find_rings(&p);
	return p;
}

static inline void port_close(struct port *p)
{
	CHECK(munmap(p->mem, p->reg.nr_memsize) == 0);
	CHECK(close(p->fd) == 0);
}

static inline char *buffer(struct netmap_ring *r, uint32_t i)
{
	return (char *)r + r->buf_ofs + (uint64_t)r->slot[i].buf_idx * r->nr_buf_size;
}

static inline uint32_t next(struct netmap_ring *r, uint32_t i)
{
	return i + 1 < r->num_slots ? i + 1 : 0;
}

static inline uint32_t count(struct netmap_ring *r)
{
	return (r->tail + r->num_slots - r->head) % r->num_slots;
}

/* Puts n broadcast frames into the ring, numbered from first. */
static inline void fill(struct netmap_ring *r, uint32_t n, uint32_t first)
{
	for (uint32_t k = 0; k < n; k++) {
		char *b = buffer(r, r->head);

		CHECK(r->head != r->tail);
		memset(b, 0xff, 6);
		memcpy(b + 6, "\2\0\0\0\0\1\x88\xb5", 8);
		first++;
		memcpy(b + 14, &first, 4);
		r->slot[r->head].len = 60;
		r->head = r->cur = next(r, r->head);
	}
}

/* Takes n frames out, numbered from first. */
static inline void take(struct netmap_ring *r, uint32_t n, uint32_t first)
{
	for (uint32_t k = 0; k < n; k++) {
		first++;
		CHECK(r->head != r->tail);
		CHECK(r->slot[r->head].len == 60);
		CHECK(memcmp(buffer(r, r->head) + 14, &first, 4) == 0);
		r->head = r->cur = next(r, r->head);
	}
}

static inline void send_frames(struct port *p, uint32_t n, uint32_t first)
{
	fill(p->tx, n, first);
	CHECK(ioctl(p->fd, NIOCTXSYNC, NULL) == 0);
}

/* Takes n frames as they come; they are there at the latest when the sender's sync has returned. */
static inline void expect_frames(struct port *p, uint32_t n, uint32_t first)
{
	CHECK(ioctl(p->fd, NIOCRXSYNC, NULL) == 0);
	CHECK(count(p->rx) == n);
	take(p->rx, n, first);
}

/* Runs in a child, which must end well. */
#define IN_CHILD(what)                                               \
	do {                                                         \
		pid_t child_ = fork();                               \
		int status_;                                         \
		CHECK(child_ >= 0);                                  \
		if (child_ == 0) {                                   \
			what;                                        \
			_exit(0);                                    \
		}                                                    \
		CHECK(waitpid(child_, &status_, 0) == child_);       \
		CHECK(WIFEXITED(status_) && WEXITSTATUS(status_) == 0); \
	} while (0)
