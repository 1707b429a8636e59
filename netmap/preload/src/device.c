/* What the file looks like: a character device, readable and writable for whoever reaches the switch. */
#include "client.h"

#include <sys/stat.h>

#define MAJOR 10 /* of misc devices */
#define MINOR 120
#define INODE 0x6e65746d
#define BLOCK 4096

/* The kernel's struct stat, which is that of both C libraries. */
void nm_device_stat(struct stat *st)
{
	struct stat device = {
		.st_ino = INODE,
		.st_nlink = 1,
		.st_mode = S_IFCHR | 0666,
		.st_rdev = MAJOR << 8 | MINOR,
		.st_blksize = BLOCK,
	};

	*st = device;
}

void nm_device_statx(struct statx *st)
{
	struct statx device = {
		.stx_mask = STATX_BASIC_STATS,
		.stx_blksize = BLOCK,
		.stx_nlink = 1,
		.stx_mode = S_IFCHR | 0666,
		.stx_ino = INODE,
		.stx_rdev_major = MAJOR,
		.stx_rdev_minor = MINOR,
	};

	*st = device;
}
