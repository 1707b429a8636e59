// Turns the running binary into the supervisor when it was started under that name: before the Go runtime, which
// never starts then.
#include <string.h>
#include <unistd.h>

#include "exec.h"

__attribute__((constructor)) static void boot(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[0], "valelab-netmap-exec") == 0)
		_exit(supervise(argv[1], argv + 2));
}
