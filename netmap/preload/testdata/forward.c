/*
 * Transparent mode: frames that a program marks go on to the other side when it gives them back. Descriptor 3 stands in
 * for the kernel behind port a: frames with a virtio-net header.
 */
#include "program.h"

#include <sys/socket.h>

#define KERNEL 3
#define HEADER 10

static struct netmap_ring *host_tx, *host_rx; /* of port a */

/* Port a with all its rings. */
static struct port open_both(void)
{
	struct port p = {.fd = open(DEVICE, O_RDWR), .reg = {.nr_mode = NR_REG_NIC_SW}};

	CHECK(p.fd >= 0);
	CHECK(control(p.fd, NETMAP_REQ_REGISTER, "a", &p.reg, NULL) == 0);
	find_rings(&p);
	host_tx = (void *)((char *)p.nif + p.nif->ring_ofs[1]);
	host_rx = (void *)((char *)p.nif + p.nif->ring_ofs[3]);
	return p;
}

/* Marks the next n frames, every second one if odd, and gives them back. */
static void mark(struct netmap_ring *r, uint32_t n, bool odd)
{
	CHECK(count(r) >= n);
	for (uint32_t i = 0; i < n; i++) {
		if (!odd || i % 2 == 1)
			r->slot[r->head].flags |= NS_FORWARD;
		r->head = r->cur = next(r, r->head);
	}
}

static uint32_t number(const char *frame)
{
	uint32_t n;

	memcpy(&n, frame + 14, sizeof(n));
	return n - 1;
}

static void kernel_has(uint32_t want)
{
	char frame[2048];
	struct pollfd p = {.fd = KERNEL, .events = POLLIN};

	CHECK(poll(&p, 1, 10000) == 1);
	CHECK(recv(KERNEL, frame, sizeof(frame), 0) == HEADER + 60 && number(frame + HEADER) == want);
}

static void kernel_sends(uint32_t n)
{
	char frame[HEADER + 60] = {0};

	memset(frame + HEADER, 0xff, 6);
	memcpy(frame + HEADER + 6, "\2\0\0\0\0\1\x88\xb5", 8);
	n++;
	memcpy(frame + HEADER + 14, &n, sizeof(n));
	CHECK(send(KERNEL, frame, sizeof(frame), 0) == sizeof(frame));
}

static void wait_for(struct port *p, struct netmap_ring *r, uint32_t n)
{
	struct pollfd fd = {.fd = p->fd, .events = POLLIN};

	for (int i = 0; i < 1000 && count(r) < n; i++)
		CHECK(poll(&fd, 1, 10) >= 0);
	CHECK(count(r) >= n);
}

int main(void)
{
	struct port a = open_both(), b = port_open("b", 0);

	/* Without NR_FORWARD the marks mean nothing. */
	send_frames(&b, 2, 0);
	wait_for(&a, a.rx, 2);
	mark(a.rx, 2, false);
	CHECK(ioctl(a.fd, NIOCRXSYNC, NULL) == 0);
	CHECK(recv(KERNEL, &(char){0}, 1, MSG_DONTWAIT) == -1);
	/* Up to the kernel, by ioctl and by poll; those without a mark stay behind. */
	a.rx->flags |= NR_FORWARD;
	host_rx->flags |= NR_FORWARD;
	for (uint32_t i = 0; i < 40; i++) {
		send_frames(&b, 4, 4 * i);
		wait_for(&a, a.rx, 4);
		mark(a.rx, 4, true);
		if (i % 2 == 0)
			CHECK(ioctl(a.fd, NIOCRXSYNC, NULL) == 0);
		else
			CHECK(poll(&(struct pollfd){.fd = a.fd, .events = POLLIN}, 1, 0) == 0);
		kernel_has(4 * i + 1);
		kernel_has(4 * i + 3);
	}
	CHECK(recv(KERNEL, &(char){0}, 1, MSG_DONTWAIT) == -1);
	/* Down to the switch, more than a ring has. */
	for (uint32_t i = 0; i < 100; i++) {
		kernel_sends(i);
		wait_for(&a, host_rx, 1);
		mark(host_rx, 1, false);
		CHECK(ioctl(a.fd, NIOCRXSYNC, NULL) == 0);
		wait_for(&b, b.rx, 1);
		take(b.rx, 1, i);
	}
	/* What an open does not have, it does not forward to: the frame is given back. */
	port_close(&a);
	a = port_open("a", 0);
	a.rx->flags |= NR_FORWARD;
	send_frames(&b, 1, 7);
	wait_for(&a, a.rx, 1);
	mark(a.rx, 1, false);
	CHECK(ioctl(a.fd, NIOCRXSYNC, NULL) == 0);
	CHECK(recv(KERNEL, &(char){0}, 1, MSG_DONTWAIT) == -1);
	return 0;
}
