// Turns the running binary into valelab-init or valelab-exec when it was
// started under that name: before the Go runtime, which never starts then.
#include <string.h>
#include <unistd.h>

#include "node.h"

__attribute__((constructor)) static void boot(int argc, char **argv)
{
	if (argc < 1)
		return;
	if (strcmp(argv[0], "valelab-init") == 0)
		_exit(node_init(argc, argv));
	if (strcmp(argv[0], "valelab-exec") == 0)
		_exit(node_exec(argc, argv));
}
