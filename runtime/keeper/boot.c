#include <string.h>
#include <unistd.h>

int keeper_main(const char *lab_dir);

/*
 * A process of this binary that is called valelab-keeper is a keeper from its first instruction on: this
 * runs before the Go runtime starts a thread or maps its memory, and does not return to it.
 */
__attribute__((constructor)) static void boot(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[0], "valelab-keeper") == 0)
		_exit(keeper_main(argv[1]));
}
