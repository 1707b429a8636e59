/*
 * AF_PACKET sockets with virtio-net headers (PACKET_VNET_HDR): frames come and go with their offload header,
 * so that super-frames and unfinished checksums pass from kernel to kernel as they are. The kernel keeps the
 * VLAN tag of a received frame apart (packet(7), PACKET_AUXDATA); it is put back in its place.
 */
#define _GNU_SOURCE
#include "vale.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>

#define VLAN_TAG  4
#define ETH_TYPE  12
#define TYPE_VLAN 0x8100
#define TYPE_QINQ 0x88a8

/* Frames are received at a distance that does not put all headers into one set of the cache. */
#define STRIDE   (VALE_MAX_FRAME + 64 * 5)
#define HEADROOM 64 /* for the VLAN tag */

struct control {
	_Alignas(struct cmsghdr) uint8_t space[CMSG_SPACE(sizeof(struct tpacket_auxdata)) + CMSG_SPACE(sizeof(uint32_t))];
};

/* Everything that recvmmsg and sendmmsg need, allocated once per worker. */
struct vale_sockbuf {
	uint8_t *mem; /* VALE_SOCK_RECV times STRIDE */
	struct mmsghdr rx[VALE_SOCK_RECV];
	struct iovec rx_iov[VALE_SOCK_RECV][2];
	struct vale_vnet rx_vnet[VALE_SOCK_RECV];
	struct control rx_control[VALE_SOCK_RECV];

	struct mmsghdr tx[VALE_BATCH];
	struct vale_vnet tx_vnet[VALE_BATCH];
	uint32_t tx_len[VALE_BATCH];
	struct iovec tx_iov[2 * VALE_BATCH + VALE_MAX_FRAGS];
};

struct vale_sockbuf *vale_sockbuf_new(void)
{
	struct vale_sockbuf *sb = calloc(1, sizeof(*sb));

	if (sb == NULL)
		return NULL;
	sb->mem = mmap(NULL, (size_t)VALE_SOCK_RECV * STRIDE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (sb->mem == MAP_FAILED) {
		free(sb);
		return NULL;
	}
	for (uint32_t i = 0; i < VALE_SOCK_RECV; i++) {
		struct msghdr *m = &sb->rx[i].msg_hdr;

		sb->rx_iov[i][0] = (struct iovec){&sb->rx_vnet[i], sizeof(sb->rx_vnet[i])};
		sb->rx_iov[i][1] = (struct iovec){sb->mem + (size_t)i * STRIDE + HEADROOM, VALE_MAX_FRAME};
		m->msg_iov = sb->rx_iov[i];
		m->msg_iovlen = 2;
		m->msg_control = sb->rx_control[i].space;
		m->msg_controllen = sizeof(sb->rx_control[i].space);
	}
	return sb;
}

void vale_sockbuf_free(struct vale_sockbuf *sb)
{
	munmap(sb->mem, (size_t)VALE_SOCK_RECV * STRIDE);
	free(sb);
}

/* ---- receive */

/* Puts the tag between the addresses and the type; the frame begins 4 bytes earlier. */
static void insert_vlan(struct vale_frame *f, uint8_t *data, uint16_t tpid, uint16_t tci)
{
	uint8_t *to = data - VLAN_TAG;
	uint16_t tag[2] = {htons(tpid), htons(tci)};

	memmove(to, data, ETH_TYPE);
	memcpy(to + ETH_TYPE, tag, sizeof(tag));
	f->data = to;
	f->len += VLAN_TAG;
	if (f->vnet.flags & VALE_VNET_NEEDS_CSUM)
		f->vnet.csum_start += VLAN_TAG;
}

/* The ring that the socket feeds: its own, or while it is cut off the host ring. */
static struct vale_ring_state *fed(struct vale_port *p)
{
	return &p->st->ring[!vale_port_cut(p) ? VALE_RING_TX(0) : VALE_RING_HOST_RX];
}

/* lost is what the socket's queue did not hold since the socket was made, modulo 2^32. Less than before: the
 * port has another socket now. */
static void count_lost(struct vale_port *p, uint32_t lost)
{
	uint32_t more = lost - p->st->lost;

	vale_drop(fed(p), VALE_DROP_KERNEL, more <= INT32_MAX ? more : lost);
	p->st->lost = lost;
}

/* What the kernel says beside the frame: its VLAN tag, and how many it had to drop before. */
static void read_control(struct vale_port *p, struct msghdr *m, struct vale_frame *f, uint8_t *data)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA) {
			struct tpacket_auxdata aux;

			memcpy(&aux, CMSG_DATA(c), sizeof(aux));
			if (aux.tp_status & TP_STATUS_VLAN_VALID)
				insert_vlan(f, data, aux.tp_status & TP_STATUS_VLAN_TPID_VALID ? aux.tp_vlan_tpid : TYPE_VLAN,
					    aux.tp_vlan_tci);
		} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
			uint32_t lost;

			memcpy(&lost, CMSG_DATA(c), sizeof(lost));
			count_lost(p, lost);
		}
	}
}

/* Adds received message i to b, or counts why not. */
static void receive(struct vale_port *p, struct vale_sockbuf *sb, uint32_t i, struct vale_batch *b)
{
	struct vale_ring_state *st = fed(p);
	struct msghdr *m = &sb->rx[i].msg_hdr;
	struct vale_frame *f = &b->frame[b->n];
	uint8_t *data = sb->rx_iov[i][1].iov_base;

	if (m->msg_flags & MSG_TRUNC) {
		vale_drop(st, VALE_DROP_BAD, 1);
		return;
	}
	if (sb->rx[i].msg_len < sizeof(f->vnet) + VALE_ETH_HLEN) {
		vale_drop(st, VALE_DROP_RUNT, 1);
		return;
	}
	f->data = data;
	f->len = sb->rx[i].msg_len - (uint32_t)sizeof(f->vnet);
	f->npieces = 1;
	f->vnet = sb->rx_vnet[i];
	f->buffers = 0;
	f->vnet.flags &= VALE_VNET_NEEDS_CSUM; /* "was verified" is of no use behind a switch */
	read_control(p, m, f, data);
	b->n++;
}

uint32_t vale_socket_collect(struct vale_port *p, struct vale_batch *b)
{
	struct vale_sockbuf *sb = p->sw->worker->sockbuf;
	int n = recvmmsg(p->sock, sb->rx, VALE_SOCK_RECV, MSG_DONTWAIT, NULL);

	b->n = 0;
	b->slack = false;
	b->more = 0;
	if (n < 0) {
		if (errno == EINVAL) {
			/* A super-frame of a kind that the header can't express; the kernel has dropped it. */
			vale_drop(fed(p), VALE_DROP_BAD, 1);
			b->more = 1;
			return 1;
		}
		return 0;
	}
	b->more = n == VALE_SOCK_RECV;
	for (uint32_t i = 0; i < (uint32_t)n; i++) {
		receive(p, sb, i, b);
		sb->rx[i].msg_hdr.msg_controllen = sizeof(sb->rx_control[i].space);
	}
	return (uint32_t)n;
}

/* ---- send */

/* The largest frame that the MTU allows. */
static uint32_t limit(const struct vale_port *p, const struct vale_frame *f)
{
	uint16_t type;

	memcpy(&type, f->data + ETH_TYPE, sizeof(type));
	type = ntohs(type);
	return p->mtu + VALE_ETH_HLEN + (type == TYPE_VLAN || type == TYPE_QINQ ? VLAN_TAG : 0);
}

/* False: the frame, or a segment of it, is too big. */
static bool prepare(const struct vale_port *p, const struct vale_frame *f, struct vale_vnet *v)
{
	uint32_t headers;

	*v = f->vnet;
	v->hdr_len = 0;
	if (v->gso_type == VALE_GSO_NONE)
		return f->len <= limit(p, f);
	headers = vale_gso_headers(f);
	v->hdr_len = (uint16_t)headers;
	return f->len <= VALE_MAX_FRAME && headers + v->gso_size <= limit(p, f);
}

static void transmit(struct vale_port *p, struct vale_ring_state *st, struct vale_sockbuf *sb, uint32_t n)
{
	uint64_t packets = 0, bytes = 0;
	uint32_t at = 0;

	while (at < n) {
		int sent = sendmmsg(p->sock, sb->tx + at, n - at, MSG_DONTWAIT);

		if (sent > 0) {
			if (unlikely(p->taps != NULL))
				vale_tap_socket(p, st == &p->st->ring[VALE_RING_HOST_TX], sb->tx + at, (uint32_t)sent);
			for (uint32_t end = at + (uint32_t)sent; at < end; at++)
				bytes += sb->tx_len[at];
			packets += (uint32_t)sent;
		} else if (errno == EMSGSIZE) {
			vale_drop(st, VALE_DROP_TOO_BIG, 1);
			at++;
		} else if (errno == EINVAL) {
			vale_drop(st, VALE_DROP_BAD, 1);
			at++;
		} else if (errno != EINTR) {
			/* No room (EAGAIN, ENOBUFS), interface down or gone. */
			vale_drop(st, VALE_DROP_SOCKET, n - at);
			break;
		}
	}
	vale_count(&st->packets, packets);
	vale_count(&st->bytes, bytes);
}

void vale_socket_send(struct vale_port *p, struct vale_ring_state *st, const struct vale_batch *b,
		      const uint16_t *order, uint32_t n)
{
	struct vale_sockbuf *sb = p->sw->worker->sockbuf;
	struct iovec *iov = sb->tx_iov;
	uint32_t count = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct vale_frame *f = &b->frame[order[i]];
		struct msghdr *m = &sb->tx[count].msg_hdr;

		if (!prepare(p, f, &sb->tx_vnet[count])) {
			vale_drop(st, VALE_DROP_TOO_BIG, 1);
			continue;
		}
		sb->tx_len[count] = f->len;
		m->msg_iov = iov;
		*iov++ = (struct iovec){&sb->tx_vnet[count], sizeof(struct vale_vnet)};
		if (f->npieces == 1)
			*iov++ = (struct iovec){(void *)(uintptr_t)f->data, f->len};
		for (uint32_t k = 0; f->npieces > 1 && k < f->npieces; k++) {
			const struct vale_piece *piece = &b->piece[f->piece + k];

			*iov++ = (struct iovec){(void *)(uintptr_t)piece->data, piece->len};
		}
		m->msg_iovlen = (size_t)(iov - m->msg_iov);
		count++;
	}
	transmit(p, st, sb, count);
}
