/* A descriptor of /dev/netmap before anything is opened by it, and the operations that no port has. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness.h"
#include "port.h"

#define CALL(x) ((x) < 0 ? errno : 0)

CASE(open_close_on_exec)
{
	int fd = open("/dev/netmap", O_RDWR | O_CLOEXEC);

	EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	EQ(fcntl(device(), F_GETFD), 0);
}

CASE(openat_ignores_folder_of_absolute_path)
{
	int fd = openat(-1, "/dev/netmap", O_RDWR);
	struct nmreq_register reg = {.nr_mode = NR_REG_ALL_NIC};

	TRUE(fd >= 0);
	ERR(try_register(fd, vale("a"), &reg), 0);
}

CASE(open_takes_lowest_descriptor)
{
	int lowest = dup(0);

	close(lowest);
	EQ(device(), lowest);
	close(0);
	EQ(device(), 0);
}

CASE(descriptor_0_works)
{
	struct port p;

	close(0);
	p = open_port(vale("a"));
	EQ(p.fd, 0);
	tx_sync(&p);
}

CASE(unknown_ioctl_eopnotsupp)
{
	struct port p = open_port(vale("a"));
	char room[256] = {0};

	for (int i = 0; i < 2; i++) {
		int fd = i == 0 ? device() : p.fd;

		ERR(CALL(ioctl(fd, 0x5401 /* TCGETS */, room)), EOPNOTSUPP);
		ERR(CALL(ioctl(fd, 0x6999, room)), EOPNOTSUPP);
		ERR(CALL(ioctl(fd, 0x541b /* FIONREAD */, room)), EOPNOTSUPP);
	}
}

CASE(request_null_einval)
{
	int fd = device();

	ERR(CALL(ioctl(fd, NIOCCTRL, NULL)), EINVAL);
	ERR(CALL(ioctl(fd, NIOCREGIF, NULL)), EINVAL);
	ERR(CALL(ioctl(fd, NIOCGINFO, NULL)), EINVAL);
}

CASE(request_bad_pointer_efault)
{
	int fd = device();
	char *hole = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ERR(CALL(ioctl(fd, NIOCCTRL, hole)), EFAULT);
	ERR(CALL(ioctl(fd, NIOCREGIF, hole)), EFAULT);
	ERR(CALL(ioctl(fd, NIOCGINFO, hole)), EFAULT);
}

CASE(read_write_einval)
{
	struct port p = open_port(vale("a"));
	char c = 0;

	ERR(CALL(read(p.fd, &c, 1)), EINVAL);
	ERR(CALL(write(p.fd, &c, 1)), EINVAL);
}

CASE(lseek_espipe)
{
	ERR(CALL(lseek(device(), 0, SEEK_SET)), ESPIPE);
}

CASE(fcntl_flags)
{
	struct port p = open_port(vale("a"));

	EQ(fcntl(p.fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDWR);
	EQ(fcntl(p.fd, F_SETFL, O_RDWR | O_NONBLOCK), 0);
	EQ(fcntl(p.fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDWR | O_NONBLOCK);
	tx_sync(&p);
	rx_sync(&p);
}

CASE(sync_unregistered_enxio)
{
	int fd = device();

	ERR(CALL(ioctl(fd, NIOCTXSYNC, NULL)), ENXIO);
	ERR(CALL(ioctl(fd, NIOCRXSYNC, NULL)), ENXIO);
}

CASE(mmap_unregistered_einval)
{
	ERR(mmap(NULL, 4096, PROT_READ, MAP_SHARED, device(), 0) == MAP_FAILED ? errno : 0, EINVAL);
}

CASE(poll_unregistered_pollerr)
{
	struct pollfd p = {.fd = device(), .events = POLLIN | POLLOUT};

	EQ(poll(&p, 1, 5000), 1);
	TRUE((p.revents & POLLERR) != 0);
}

CASE(sync_ignores_argument)
{
	struct port p = open_port(vale("a"));

	ERR(CALL(ioctl(p.fd, NIOCTXSYNC, 1)), 0);
	ERR(CALL(ioctl(p.fd, NIOCRXSYNC, 1)), 0);
}
