/* The memory of the process that makes a request, which may be this one: a bad address is EFAULT. */
#include "client.h"
#include "sys.h"

#include <fcntl.h>
#include <sys/uio.h>

/* The way round where a sandbox forbids the system calls that are meant for it, as some container engines do. */
static int by_file(int pid, void *here, uint64_t there, size_t len, bool write)
{
	char path[32] = "/proc/", *at = path + 6;
	char digits[12];
	int n = 0, fd;
	long done;

	do
		digits[n++] = (char)('0' + pid % 10);
	while ((pid /= 10) > 0);
	while (n > 0)
		*at++ = digits[--n];
	nm_copy(at, "/mem", 5);
	fd = (int)sys(__NR_openat, AT_FDCWD, path, (write ? O_RDWR : O_RDONLY) | O_CLOEXEC, 0);
	if (fd < 0)
		return -EFAULT;
	done = sys(write ? __NR_pwrite64 : __NR_pread64, fd, here, len, there);
	sys_close(fd);
	return done == (long)len ? 0 : -EFAULT;
}

static int transfer(int pid, void *here, uint64_t there, size_t len, bool write)
{
	struct iovec local = {here, len};
	struct iovec remote = {(void *)(uintptr_t)there, len};
	long n;

	if (len == 0)
		return 0;
	n = sys(write ? __NR_process_vm_writev : __NR_process_vm_readv, pid, &local, 1, &remote, 1, 0);
	if (n == -ENOSYS || n == -EPERM)
		return by_file(pid, here, there, len, write);
	return n == (long)len ? 0 : -EFAULT;
}

int nm_read(int pid, void *to, uint64_t from, size_t len)
{
	return transfer(pid, to, from, len, false);
}

int nm_write(int pid, uint64_t to, const void *from, size_t len)
{
	return transfer(pid, (void *)(uintptr_t)from, to, len, true);
}
