/*
 * Tries, from inside a node, to get at what belongs to another: by memory ids, names, lists, sockets and descriptors.
 * The other one has the words of SECRET in the buffers of its ports. Whatever is found is printed.
 *
 *	intrude NAME...      names and paths of sockets that lead to the other one if anything does
 */
#include "program.h"

#include <sys/socket.h>
#include <sys/un.h>

#define SECRET "the-other-node's-frame"
#define OWN    "/run/valelab/netmap.sock"

static int found;

static void report(const char *how, const char *what)
{
	printf("%s: %s\n", how, what);
	found = 1;
}

/* Looks through all memory that an open has. */
static void search(const char *how, int fd, uint64_t size)
{
	char *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	CHECK(mem != MAP_FAILED);
	if (memmem(mem, size, SECRET, strlen(SECRET)) != NULL)
		report(how, "the other's frames");
	CHECK(munmap(mem, size) == 0);
}

static void try_port(const char *how, const char *name, struct nmreq_register reg)
{
	int fd = open(DEVICE, O_RDWR);

	CHECK(fd >= 0);
	if (control(fd, NETMAP_REQ_REGISTER, name, &reg, NULL) == 0)
		search(how, fd, reg.nr_memsize);
	CHECK(close(fd) == 0);
}

/* Every region that has an id, by a port of mode NULL. */
static void try_memory(void)
{
	for (uint32_t id = 0; id < 600; id++) {
		struct nmreq_register reg = {.nr_mode = NR_REG_NULL, .nr_mem_id = (uint16_t)id};
		char how[32];

		snprintf(how, sizeof(how), "memory %u", id);
		try_port(how, "x", reg);
		reg.nr_mode = NR_REG_ALL_NIC;
		if (id % 64 == 0)
			try_port(how, "vale7:x", reg);
	}
}

/* Names that another node's ports have, here and in the switch. They are refused, or are this node's own. */
static void try_name(const char *name)
{
	struct nmreq_register reg = {.nr_mode = NR_REG_ALL_NIC};
	struct nmreq_register monitor = {.nr_mode = NR_REG_ALL_NIC, .nr_flags = NR_MONITOR_TX | NR_MONITOR_RX};

	try_port(name, name, reg);
	try_port(name, name, monitor);
}

/* Nobody else's ports are listed. */
static void try_list(void)
{
	int fd = open(DEVICE, O_RDWR);
	struct nmreq_vale_list at = {0};

	CHECK(fd >= 0);
	for (uint32_t k = 0; k < 1000; k++) {
		struct nmreq_header h = {
			.nr_version = NETMAP_API, .nr_reqtype = NETMAP_REQ_VALE_LIST, .nr_body = (uintptr_t)&at,
		};

		if (ioctl(fd, NIOCCTRL, &h) < 0)
			break;
		report("list", h.nr_name);
		at.nr_port_idx++;
	}
	CHECK(close(fd) == 0);
}

static void try_socket(const char *path)
{
	static const int types[] = {SOCK_SEQPACKET, SOCK_STREAM, SOCK_DGRAM};
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	strncpy(a.sun_path, path, sizeof(a.sun_path) - 1);
	for (int k = 0; k < 3; k++) {
		int fd = socket(AF_UNIX, types[k] | SOCK_CLOEXEC, 0);

		CHECK(fd >= 0);
		if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
			report("socket", path);
		close(fd);
	}
}

/* Descriptors that are sent to the switch stay where they are: it takes none. */
static void try_rights(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = OWN};
	struct nmu_request q = {.op = NMU_OP_DESCRIBE, .version = NMU_VERSION};
	char control_[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec iov = {&q, sizeof(q)};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control_, .msg_controllen = sizeof(control_)};
	int ends[2], fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct pollfd hung = {0};
	struct nmu_reply r;
	int error = 0;

	CHECK(pipe(ends) == 0);
	CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0);
	CMSG_FIRSTHDR(&m)->cmsg_level = SOL_SOCKET;
	CMSG_FIRSTHDR(&m)->cmsg_type = SCM_RIGHTS;
	CMSG_FIRSTHDR(&m)->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), &ends[1], sizeof(int));
	if (sendmsg(fd, &m, MSG_NOSIGNAL) < 0) /* Linux 6.16 and newer refuse it at once */
		error = errno;
	else
		CHECK(recv(fd, &r, sizeof(r), 0) == sizeof(r) && r.error == ENXIO);
	CHECK(error == 0 || error == EPERM);
	CHECK(close(ends[1]) == 0);
	hung.fd = ends[0];
	if (poll(&hung, 1, 0) != 1 || (hung.revents & POLLHUP) == 0)
		report("descriptor", "the switch has kept it");
	close(ends[0]);
	close(fd);
}

int main(int argc, char **argv)
{
	struct nmreq_register reg = {.nr_mode = NR_REG_ALL_NIC};

	try_list();
	try_memory();
	for (int k = 1; k < argc; k++) {
		if (argv[k][0] == '/' || argv[k][0] == '.')
			try_socket(argv[k]);
		else
			try_name(argv[k]);
	}
	try_rights();
	try_port("eth1", "eth1", reg);
	if (!found)
		printf("nothing\n");
	return 0;
}
