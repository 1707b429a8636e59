/* A network device with its host rings: programs on the NIC rings, the kernel's stack behind the others. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frame.h"
#include "harness.h"

#define TYPE 0x88b5 /* of the frames of frame.h */

static struct nmreq_register mode(uint32_t m)
{
	return (struct nmreq_register){.nr_mode = m};
}

/* A socket on the device, as any program's that knows nothing of netmap. */
static int kernel_socket(void)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(TYPE)};
	int fd = socket(AF_PACKET, SOCK_RAW, htons(TYPE));

	at.sll_ifindex = (int)if_nametoindex(netdev);
	TRUE(at.sll_ifindex != 0);
	EQ(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

/* Waits for the frame with this tag at the host rings; the kernel has things of its own to say. */
static void wait_for_host_frame(const struct port *p, uint32_t tag)
{
	struct pollfd fd = {.fd = p->fd, .events = POLLIN};

	for (;;) {
		struct netmap_ring *r = host_rx(p);

		while (space(r) > 0) {
			struct netmap_slot *s = &r->slot[r->head];
			char *frame = buffer(r, s->buf_idx);
			bool ours = s->len == FRAME && frame[12] == (char)(TYPE >> 8) && frame[13] == (char)TYPE;

			r->head = r->cur = next(r, r->head);
			if (ours && tag_of(frame) == tag)
				return;
		}
		if (poll(&fd, 1, 10000) != 1)
			FAIL("the frame does not come");
	}
}

static void kernel_sends(int sock, uint32_t tag)
{
	char frame[FRAME];

	write_frame(frame, EVERYBODY, 1, tag, FRAME);
	EQ(send(sock, frame, FRAME, 0), FRAME);
}

static void kernel_receives(int sock, uint32_t tag)
{
	struct pollfd fd = {.fd = sock, .events = POLLIN};
	char frame[2048];

	do {
		if (poll(&fd, 1, 10000) != 1)
			FAIL("the frame does not come");
		EQ(recv(sock, frame, sizeof(frame), 0), FRAME);
	} while (tag_of(frame) != tag);
}

CASE_ON(netdev_geometry, NETDEV)
{
	struct port p = open_port(netdev);

	TRUE(p.reg.nr_tx_rings >= 1);
	TRUE(p.reg.nr_rx_rings >= 1);
	EQ(p.reg.nr_host_tx_rings, 1);
	EQ(p.reg.nr_host_rx_rings, 1);
	EQ(strcmp(p.nifp->ni_name, netdev), 0);
	EQ(p.nifp->ni_host_tx_rings, 1);
	EQ(p.nifp->ring_ofs[p.reg.nr_tx_rings], 0);
	TRUE(space(tx_ring(&p, 0)) > 0);
}

CASE_ON(netdev_info, NETDEV)
{
	struct port p = open_port(netdev);
	struct nmreq_port_info_get info = {0};

	ERR(try_request(p.fd, NETMAP_REQ_PORT_INFO_GET, netdev, &info), 0);
	EQ(info.nr_mem_id, p.reg.nr_mem_id);
	EQ(info.nr_memsize, p.reg.nr_memsize);
	EQ(info.nr_host_rx_rings, 1);
	EQ(info.nr_tx_slots, p.reg.nr_tx_slots);
}

CASE_ON(host_rings_open, NETDEV)
{
	struct port p = open_with(netdev, mode(NR_REG_SW));

	EQ(p.nifp->ring_ofs[0], 0);
	EQ(host_tx(&p)->dir, NETMAP_DIR_TX);
	EQ(host_rx(&p)->dir, NETMAP_DIR_RX);
	EQ(space(host_rx(&p)), 0);
}

CASE_ON(host_and_nic_rings_open, NETDEV)
{
	struct port p = open_with(netdev, mode(NR_REG_NIC_SW));

	TRUE(tx_ring(&p, 0) != host_tx(&p));
	TRUE(rx_ring(&p, 0) != host_rx(&p));
	EQ(space(rx_ring(&p, 0)), 0);
}

CASE_ON(one_host_ring_open, NETDEV)
{
	struct port p = open_with(netdev, mode(NR_REG_ONE_SW));

	EQ(p.nifp->ring_ofs[0], 0);
	TRUE(host_rx(&p) != NULL);
	ERR(try_open(netdev, (struct nmreq_register){.nr_mode = NR_REG_ONE_SW, .nr_ringid = 1}), EINVAL);
}

/* Who opens a device first says how many host rings it has. The module keeps to it, until the next who does. */
CASE_ON(two_host_rings, NETDEV)
{
	struct port p = open_with(netdev, (struct nmreq_register){
						  .nr_mode = NR_REG_SW, .nr_host_tx_rings = 2, .nr_host_rx_rings = 2});
	struct nmreq_register second = {.nr_mode = NR_REG_ONE_SW, .nr_ringid = 1}, third = {.nr_mode = NR_REG_ONE_SW, .nr_ringid = 2};
	int sock = kernel_socket();
	struct netmap_ring *r;
	struct port one;

	EQ(p.reg.nr_host_tx_rings, 2);
	EQ(p.reg.nr_host_rx_rings, 2);
	EQ(p.nifp->ni_host_rx_rings, 2);
	EQ(try_open(netdev, third), EINVAL);
	one = open_with(netdev, second);
	r = (void *)((char *)one.nifp + one.nifp->ring_ofs[one.nifp->ni_tx_rings + 1]);
	EQ(one.nifp->ring_ofs[one.nifp->ni_tx_rings], 0);
	put(r, EVERYBODY, 2, 85);
	tx_sync(&one);
	kernel_receives(sock, 85);
	close_port(&one);
	close_port(&p);
	p = open_with(netdev, (struct nmreq_register){.nr_mode = NR_REG_SW, .nr_host_tx_rings = 1, .nr_host_rx_rings = 1});
	EQ(p.reg.nr_host_tx_rings, 1);
}

CASE_ON(host_and_nic_rings_by_two_opens, NETDEV)
{
	struct port nic = open_port(netdev), host = open_with(netdev, mode(NR_REG_SW));

	EQ(nic.reg.nr_mem_id, host.reg.nr_mem_id);
	TRUE(nic.reg.nr_offset != host.reg.nr_offset);
}

CASE_ON(exclusive_host_and_nic_apart, NETDEV)
{
	struct port nic = open_with(netdev, (struct nmreq_register){.nr_flags = NR_EXCLUSIVE});
	struct port host = open_with(netdev, (struct nmreq_register){.nr_mode = NR_REG_SW, .nr_flags = NR_EXCLUSIVE});

	ERR(try_open(netdev, mode(NR_REG_NIC_SW)), EBUSY);
	close_port(&host);
	ERR(try_open(netdev, mode(NR_REG_SW)), 0);
	ERR(try_open(nic.name, mode(NR_REG_ALL_NIC)), EBUSY);
}

CASE_ON(host_rx_what_the_kernel_sends, NETDEV)
{
	struct port nic = open_port(netdev), p = open_with(netdev, mode(NR_REG_SW));
	int sock = kernel_socket();

	kernel_sends(sock, 77);
	wait_for_host_frame(&p, 77);
	kernel_sends(sock, 78);
	wait_for_host_frame(&p, 78);
	expect_nothing(&nic);
}

/* The kernel loses its way out only to a program that has the NIC rings. */
CASE_ON(host_rx_nothing_while_nic_rings_are_the_kernels, NETDEV)
{
	struct port p = open_with(netdev, mode(NR_REG_SW));

	kernel_sends(kernel_socket(), 77);
	usleep(50000);
	rx_sync(&p);
	EQ(space(host_rx(&p)), 0);
}

CASE_ON(host_tx_to_the_kernel, NETDEV)
{
	struct port p = open_with(netdev, mode(NR_REG_SW));
	int sock = kernel_socket();

	put(host_tx(&p), EVERYBODY, 2, 79);
	tx_sync(&p);
	kernel_receives(sock, 79);
	EQ(space(host_tx(&p)), host_tx(&p)->num_slots - 1);
}

CASE_ON(host_rings_of_both_modes, NETDEV)
{
	struct port p = open_with(netdev, mode(NR_REG_NIC_SW));
	int sock = kernel_socket();

	kernel_sends(sock, 80);
	wait_for_host_frame(&p, 80);
	put(host_tx(&p), EVERYBODY, 2, 81);
	tx_sync(&p);
	kernel_receives(sock, 81);
}

/* Transparent mode: what is given back with a mark goes out, and the rest of what the kernel sends does not. */
CASE_ON(host_rx_forwarded_to_the_nic, NETDEV)
{
	struct port p = open_with(netdev, mode(NR_REG_NIC_SW));
	struct port m = open_with(netdev, (struct nmreq_register){.nr_flags = NR_MONITOR_TX});
	struct pollfd fd = {.fd = p.fd, .events = POLLIN};
	struct netmap_ring *r = host_rx(&p);
	int sock = kernel_socket();
	bool more = true;

	r->flags |= NR_FORWARD;
	kernel_sends(sock, 83);
	kernel_sends(sock, 84);
	while (more) {
		EQ(poll(&fd, 1, 10000), 1);
		while (space(r) > 0) {
			struct netmap_slot *s = &r->slot[r->head];
			char *frame = buffer(r, s->buf_idx);

			if (s->len == FRAME && frame[12] == (char)(TYPE >> 8) && frame[13] == (char)TYPE && tag_of(frame) == 84) {
				s->flags |= NS_FORWARD;
				more = false;
			}
			r->head = r->cur = next(r, r->head);
		}
	}
	poll(&fd, 1, 0);
	expect_frames(&m, 84, 1);
}

CASE_ON(kernel_sends_nothing_past_the_program, NETDEV)
{
	struct port p = open_port(netdev);
	int sock = kernel_socket();

	(void)p;
	kernel_sends(sock, 82); /* to the host rings, which nobody has open */
	usleep(50000);
	expect_nothing(&p);
}

CASE_ON(netdev_pipe, NETDEV)
{
	struct port m = open_port(with(netdev, "{1")), s = open_port(with(netdev, "}1"));

	send_frames(&m, 2, 1, 0, 5);
	expect_frames(&s, 0, 5);
}

CASE_ON(netdev_monitor, NETDEV)
{
	struct port p = open_port(netdev);
	struct port m = open_with(netdev, (struct nmreq_register){.nr_flags = NR_MONITOR_TX});

	send_frame(&p, EVERYBODY, 1, 7);
	expect_frames(&m, 7, 1);
}

CASE_ON(netdev_mode_unknown_einval, NETDEV)
{
	ERR(try_open(netdev, mode(9)), EINVAL);
	ERR(try_open(netdev, mode(5)), EINVAL);
}
