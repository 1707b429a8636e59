/* mmap: any part of the region, no byte beyond it; and a mapping keeps the port. */
#include "program.h"

static void parts(void)
{
	struct port a = port_open("a", 0);
	size_t size = a.reg.nr_memsize;
	char *m;

	m = mmap(NULL, 4096, PROT_READ, MAP_SHARED, a.fd, 0);
	CHECK(m != MAP_FAILED && memcmp(m, a.mem, 4096) == 0);
	CHECK(munmap(m, 4096) == 0);
	m = mmap64(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, a.fd, 12288);
	CHECK(m != MAP_FAILED);
	m[256] ^= 1;
	CHECK(m[256] == a.mem[12288 + 256]);
	m[256] ^= 1;
	CHECK(munmap(m, 8192) == 0);
	m = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, a.fd, 0);
	CHECK(m != MAP_FAILED);
	m[0] ^= 1;
	CHECK(m[0] != a.mem[0]);
	CHECK(munmap(m, size) == 0);
	CHECK(mmap(NULL, size + 4096, PROT_READ, MAP_SHARED, a.fd, 0) == MAP_FAILED && errno == EINVAL);
	CHECK(mmap(NULL, size, PROT_READ, MAP_SHARED, a.fd, 4096) == MAP_FAILED && errno == EINVAL);
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, a.fd, (off_t)size + 4096) == MAP_FAILED && errno == EINVAL);
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, a.fd, 1) == MAP_FAILED && errno == EINVAL);
	CHECK(mmap(NULL, 0, PROT_READ, MAP_SHARED, a.fd, 0) == MAP_FAILED && errno == EINVAL);
	port_close(&a);
}

/* Frames still arrive for who has the region mapped and no descriptor; with its last page the port goes. */
static void keeps(void)
{
	struct port a = port_open("a", 0), b = port_open("b", 0);
	size_t size = b.reg.nr_memsize;
	int fd = open(DEVICE, O_RDWR);

	CHECK(close(b.fd) == 0);
	CHECK(munmap(b.mem, 4096) == 0);
	CHECK(munmap(b.mem + size - 8192, 8192) == 0);
	b.reg = (struct nmreq_register){.nr_mode = NR_REG_ALL_NIC, .nr_flags = NR_EXCLUSIVE};
	CHECK(control(fd, NETMAP_REQ_REGISTER, "b", &b.reg, NULL) == -1 && errno == EBUSY);
	CHECK(munmap(b.mem + 4096, size - 12288) == 0);
	for (int64_t begin = milliseconds(); control(fd, NETMAP_REQ_REGISTER, "b", &b.reg, NULL) != 0;) {
		CHECK(milliseconds() - begin < 20000);
		usleep(1000);
	}
	CHECK(close(fd) == 0);
	port_close(&a);
}

int main(void)
{
	parts();
	keeps();
	return 0;
}
