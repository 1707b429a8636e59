// The node's own /proc, /sys, /dev and /run over the machine's files.
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "node.h"

int node_mount(const char *source, const char *target, const char *type, unsigned long flags,
	       const char *options)
{
	if (mount(source, target, type, flags, options) != 0)
		return node_fail("cannot mount %s on %s", type != NULL ? type : source, target);
	return 0;
}

// node_bind_again gives a bind mount flags of its own.
int node_bind_again(const char *target, unsigned long flags)
{
	if (mount(NULL, target, NULL, MS_REMOUNT | MS_BIND | flags, NULL) != 0)
		return node_fail("cannot mount %s again", target);
	return 0;
}

// attach puts a detached mount, made by the starter, at its place, read-only.
// It is a peer of the machine's mount where that one is shared: what is mounted
// on it would appear on the machine.
static int attach(int fd, const char *target)
{
	if (syscall(SYS_move_mount, fd, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) != 0 ||
	    mount(NULL, target, NULL, MS_PRIVATE, NULL) != 0)
		return node_fail("cannot mount at %s", target);
	if (close(fd) != 0)
		return node_fail("close");
	return node_bind_again(target, MS_RDONLY | MS_NOSUID | MS_NODEV);
}

// run_folder makes the node's own /run. The machine's daemons, the container
// engine and the labs' state are out of reach with it, and programs that keep
// pid files there do not meet those of other nodes.
static int run_folder(void)
{
	if (node_mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=64m") != 0)
		return -1;
	if (mkdir(PUBLIC_DIR, 0755) != 0)
		return node_fail("%s", PUBLIC_DIR);
	if (mkdir("/run/lock", 0755) != 0 || chmod("/run/lock", 01777) != 0)
		return node_fail("/run/lock");
	if (attach(FD_PUBLIC, PUBLIC_DIR) != 0 || attach(FD_PROGRAM, PROGRAM_DIR "/valelab") != 0)
		return -1;
	if (mount(PUBLIC_DIR "/hosts", "/etc/hosts", NULL, MS_BIND, NULL) != 0) {
		if (errno != ENOENT)
			return node_fail("cannot mount on /etc/hosts");
		node_warn("this machine has no /etc/hosts, so the names of nodes are unknown here "
			  "(hint: touch /etc/hosts, and deploy again)");
	}
	return 0;
}

int node_mounts(const struct config *c)
{
	const unsigned long quiet = MS_NOSUID | MS_NODEV | MS_NOEXEC;

	// What the machine unmounts goes away in the node too, so that no node
	// keeps a disk busy; nothing goes the other way.
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) != 0)
		return node_fail("cannot detach from the machine's mounts");
	if (node_mount("proc", "/proc", "proc", quiet, NULL) != 0 ||
	    node_mount("sysfs", "/sys", "sysfs", quiet, NULL) != 0)
		return -1;
	if (node_settings(c) != 0 || node_devices() != 0)
		return -1;
	// The machine's /run goes first: masked paths may lie in it.
	if (run_folder() != 0 || node_masks(c) != 0)
		return -1;
	return node_bind_again("/sys", quiet | MS_RDONLY);
}
