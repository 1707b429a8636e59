/* Holds a port for ever. */
#include "program.h"

int main(void)
{
	port_open("a", 0);
	for (;;)
		pause();
}
