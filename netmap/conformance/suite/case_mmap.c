/* Ways to map a region. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frame.h"
#include "harness.h"

static int try_map(const struct port *p, size_t len, int prot, int flags, off_t offset)
{
	return mmap(NULL, len, prot, flags, p->fd, offset) == MAP_FAILED ? errno : 0;
}

CASE(mmap_beyond_region_einval)
{
	struct port p = open_port(vale("a"));
	size_t size = p.reg.nr_memsize;

	ERR(try_map(&p, size + 4096, PROT_READ, MAP_SHARED, 0), EINVAL);
	ERR(try_map(&p, size, PROT_READ, MAP_SHARED, 4096), EINVAL);
	ERR(try_map(&p, 4096, PROT_READ, MAP_SHARED, (off_t)size), EINVAL);
	ERR(try_map(&p, size, PROT_READ, MAP_SHARED, 0), 0);
}

CASE(mmap_part)
{
	struct port p = open_port(vale("a"));
	char *rings = mmap(NULL, 4096, PROT_READ, MAP_SHARED, p.fd, 12288);

	TRUE(rings != MAP_FAILED);
	rx_ring(&p, 0)->slot[3].len = 123;
	EQ(((struct netmap_ring *)rings)->slot[3].len, 123);
}

CASE(mmap_read_only)
{
	struct port p = open_port(vale("a"));
	char *m = mmap(NULL, p.reg.nr_memsize, PROT_READ, MAP_SHARED, p.fd, 0);

	TRUE(m != MAP_FAILED);
	EQ(strcmp(((struct netmap_if *)m)->ni_name, p.name), 0);
}

CASE(mmap_private)
{
	struct port p = open_port(vale("a"));

	ERR(try_map(&p, 4096, PROT_READ, MAP_PRIVATE, 0), 0);
}

CASE(mmap_fixed)
{
	struct port p = open_port(vale("a"));
	void *at = mmap(NULL, p.reg.nr_memsize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	TRUE(mmap(at, p.reg.nr_memsize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, p.fd, 0) == at);
	EQ(strcmp(((struct netmap_if *)at)->ni_name, p.name), 0);
}

CASE(mmap_twice_same_memory)
{
	struct port p = open_port(vale("a")), q = p;

	map_port(&q);
	tx_ring(&q, 0)->slot[0].ptr = 42;
	EQ(tx_ring(&p, 0)->slot[0].ptr, 42);
}

CASE(munmap_part)
{
	struct port p = open_port(vale("a"));

	EQ(munmap(p.mem + p.reg.nr_memsize - 4096, 4096), 0);
	tx_sync(&p);
	EQ(munmap(p.mem, p.reg.nr_memsize), 0);
	tx_sync(&p);
}

CASE(mmap_is_shared_by_fork)
{
	struct port p = open_port(vale("a"));
	int status;

	if (fork() == 0) {
		tx_ring(&p, 0)->slot[0].ptr = 43;
		_exit(0);
	}
	wait(&status);
	EQ(tx_ring(&p, 0)->slot[0].ptr, 43);
}

CASE(mmap_keeps_port)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));

	close(a.fd);
	TRUE(exists(a.name));
	send_frame(&b, EVERYBODY, 2, 1);
	TRUE(exists(a.name));
	munmap(a.mem, a.reg.nr_memsize);
	EQ(exists(a.name), 0);
}

/* Anonymous memory and files are none of netmap's business. */
CASE(mmap_of_others_untouched)
{
	struct port p = open_port(vale("a"));
	char *m = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd = memfd_create("x", 0);

	TRUE(m != MAP_FAILED);
	m[8191] = 1;
	EQ(ftruncate(fd, 4096), 0);
	EQ(write(fd, "abc", 3), 3);
	m = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	TRUE(m != MAP_FAILED);
	EQ(memcmp(m, "abc", 3), 0);
	tx_sync(&p);
}
