// Turns the running binary into the supervisor when it was started under that name, before the Go runtime, which
// never starts then: always, or only if the program needs it.
//
//	valelab-netmap-exec       PATH ARGV...
//	valelab-netmap-if-static  PATH ARGV...
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "exec.h"

static int become(const char *path, char **argv)
{
	execv(path, argv);
	fprintf(stderr, "valelab: cannot run %s: %s\n", path, strerror(errno));
	return errno == ENOENT || errno == ENOTDIR ? 127 : 126;
}

__attribute__((constructor)) static void boot(int argc, char **argv)
{
	if (argc < 3)
		return;
	if (strcmp(argv[0], "valelab-netmap-exec") == 0)
		_exit(supervise(argv[1], argv + 2));
	if (strcmp(argv[0], "valelab-netmap-if-static") == 0)
		_exit(program_at(argv[1]).own_calls ? supervise(argv[1], argv + 2) : become(argv[1], argv + 2));
}
