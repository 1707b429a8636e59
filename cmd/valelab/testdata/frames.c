/*
 * Sends or takes numbered broadcast frames by way of /dev/netmap, as any netmap program does.
 *
 *	frames recv PORT TAG N [NOT]   takes N frames with TAG in order, and none with the tag NOT
 *	frames send PORT TAG N
 *	frames hold PORT               has the port open until it is taken away
 *	frames none                    there is no /dev/netmap
 */
#include "program.h"

static void put_frames(struct port *p, uint8_t tag, uint32_t n)
{
	for (uint32_t k = 0; k < n; k++) {
		char *b = buffer(p->tx, p->tx->head);

		memset(b, 0, 60);
		memset(b, 0xff, 6);
		memcpy(b + 6, "\2\0\0\0\0", 5);
		b[11] = (char)tag;
		memcpy(b + 12, "\x88\xb5", 2);
		memcpy(b + 14, &k, 4);
		b[18] = (char)tag;
		strcpy(b + 20, "the-other-node's-frame"); /* that intrude looks for */
		p->tx->slot[p->tx->head].len = 60;
		p->tx->head = p->tx->cur = next(p->tx, p->tx->head);
	}
	CHECK(ioctl(p->fd, NIOCTXSYNC, NULL) == 0);
}

static void take_frames(struct port *p, uint8_t tag, uint32_t n, int not)
{
	int64_t begin = milliseconds();

	for (uint32_t k = 0; k < n;) {
		struct pollfd fd = {.fd = p->fd, .events = POLLIN};

		CHECK(milliseconds() - begin < 60000);
		CHECK(poll(&fd, 1, 1000) >= 0);
		CHECK((fd.revents & POLLERR) == 0);
		for (; p->rx->head != p->rx->tail; p->rx->head = p->rx->cur = next(p->rx, p->rx->head)) {
			const char *b = buffer(p->rx, p->rx->head);

			if (p->rx->slot[p->rx->head].len != 60 || memcmp(b + 12, "\x88\xb5", 2) != 0)
				continue;
			CHECK((uint8_t)b[18] != not);
			if ((uint8_t)b[18] != tag)
				continue;
			CHECK(memcmp(b + 14, &k, 4) == 0);
			k++;
		}
	}
}

static void hold(struct port *p)
{
	struct pollfd fd = {.fd = p->fd, .events = POLLIN};

	while (poll(&fd, 1, -1) >= 0 && (fd.revents & (POLLERR | POLLHUP)) == 0)
		p->rx->head = p->rx->cur = p->rx->tail;
	printf("taken away\n");
}

int main(int argc, char **argv)
{
	struct port p;

	CHECK(argc > 1);
	if (strcmp(argv[1], "none") == 0) {
		FAILS(open(DEVICE, O_RDWR), ENOENT);
		return 0;
	}
	CHECK(argc > 2);
	p = port_open(argv[2], 0);
	printf("ready\n");
	fflush(stdout);
	if (strcmp(argv[1], "hold") == 0) {
		hold(&p);
		return 0;
	}
	CHECK(argc > 4);
	if (strcmp(argv[1], "send") == 0) {
		put_frames(&p, (uint8_t)atoi(argv[3]), (uint32_t)atoi(argv[4]));
	} else {
		take_frames(&p, (uint8_t)atoi(argv[3]), (uint32_t)atoi(argv[4]), argc > 5 ? atoi(argv[5]) : -1);
		printf("got %s\n", argv[4]);
	}
	return 0;
}
