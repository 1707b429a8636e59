/* Positions and frames: head, cur, tail and ts are what netmap(4) says, and change when it says. */
#include "program.h"

static void positions(void)
{
	struct port a = port_open("a", 0), b = port_open("b", 0);
	uint32_t n = a.tx->num_slots;
	int64_t before;

	CHECK(a.tx->head == 0 && a.tx->cur == 0 && a.tx->tail == n - 1);
	CHECK(b.rx->head == 0 && b.rx->tail == 0);
	for (uint32_t round = 0; round < 3 * n; round += 5) {
		send_frames(&a, 5, round);
		/* All has gone when the sync returns. */
		CHECK(count(a.tx) == n - 1);
		/* The receiver's tail is its own sync's affair. */
		CHECK(count(b.rx) == 0);
		before = b.rx->ts_sec;
		expect_frames(&b, 5, round);
		CHECK(b.rx->ts_sec >= before && b.rx->ts_sec > 1000000000);
		CHECK(a.tx->ts_sec == 0);
	}
	/* A ring's worth at once, three times: the receiver keeps the oldest, the sender sees nothing of it. */
	CHECK(ioctl(b.fd, NIOCRXSYNC, NULL) == 0);
	for (uint32_t i = 0; i < 3; i++)
		send_frames(&a, n - 1, 1000 * i);
	expect_frames(&b, n - 1, 0);
	port_close(&a);
	port_close(&b);
}

/* A program that writes tail, or positions that are none, is put right; the sync itself never fails. */
static void nonsense(void)
{
	struct port a = port_open("a", 0);
	uint32_t n = a.tx->num_slots;
	struct pollfd p = {.fd = a.fd, .events = POLLOUT};

	send_frames(&a, 3, 0);
	a.tx->tail = 7;
	CHECK(ioctl(a.fd, NIOCTXSYNC, NULL) == 0 && a.tx->tail == 2);
	a.tx->head = n + 5;
	CHECK(ioctl(a.fd, NIOCTXSYNC, NULL) == 0);
	CHECK(a.tx->head == 3 && a.tx->cur == 3 && a.tx->tail == 2);
	a.tx->cur = 2 * n;
	p.revents = 0;
	CHECK(poll(&p, 1, 0) == 1 && p.revents & POLLERR);
	a.tx->slot[9].buf_idx = 0xffffffff;
	a.tx->slot[10].len = 0xffff;
	a.tx->head = n;
	CHECK(ioctl(a.fd, NIOCTXSYNC, NULL) == 0);
	CHECK(a.tx->slot[9].buf_idx == 0 && a.tx->slot[9].len == 0 && a.tx->slot[10].len == 0);
	send_frames(&a, 3, 0);
	port_close(&a);
}

/* Bytes that lie in the program's own memory; an address that is none sends nothing, and no signal comes. */
static void indirect(void)
{
	struct port a = port_open("a", 0), b = port_open("b", 0);
	char frame[60] = "\xff\xff\xff\xff\xff\xff\2\0\0\0\0\1\x88\xb5indirect";

	fill(a.tx, 3, 0);
	for (uint32_t i = 1; i < 3; i++) {
		a.tx->slot[i].flags = NS_INDIRECT;
		a.tx->slot[i].ptr = i == 1 ? 8 : (uintptr_t)frame;
	}
	CHECK(ioctl(a.fd, NIOCTXSYNC, NULL) == 0);
	CHECK(ioctl(b.fd, NIOCRXSYNC, NULL) == 0);
	CHECK(count(b.rx) == 2);
	take(b.rx, 1, 0);
	CHECK(memcmp(buffer(b.rx, b.rx->head), frame, 60) == 0);
	port_close(&a);
	port_close(&b);
}

int main(void)
{
	positions();
	nonsense();
	indirect();
	return 0;
}
