/* Sends as fast as it can on the port that the argument names, until SIGTERM. */
#include "program.h"

static volatile sig_atomic_t done;

static void stop(int signal)
{
	(void)signal;
	done = 1;
}

int main(int argc, char **argv)
{
	struct port p;

	signal(SIGTERM, stop); /* who sees the port may send it */
	p = port_open(argc > 1 ? argv[1] : "a", 0);
	while (!done) {
		send_frames(&p, p.tx->num_slots - 1, 0);
		CHECK(ioctl(p.fd, NIOCRXSYNC, NULL) == 0);
		p.rx->head = p.rx->cur = p.rx->tail;
	}
	return 0;
}
