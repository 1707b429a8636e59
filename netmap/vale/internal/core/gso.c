/*
 * What the kernel leaves to network devices, done here for destinations that are no kernel: checksums
 * (VIRTIO_NET_HDR_F_NEEDS_CSUM) and segmentation of TCP and UDP super-frames, with or without VLAN tags.
 * Offload headers: Virtual I/O Device (VIRTIO) 1.2, 5.1.6.2. What each segment's headers get: RFC 9293 (TCP
 * sequence numbers, flags), RFC 3168 6.1.2 (CWR on the first only), RFC 6864 (a new IPv4 ID each), as in
 * Linux (net/ipv4/tcp_offload.c, udp_offload.c).
 *
 * The checksum field of such a frame holds the sum of the pseudo-header, made with the
 * length of the whole; a segment's differs from it in the length alone.
 */
#include "vale.h"

#include <arpa/inet.h>

#define ETH_TYPE    12
#define VLAN_TAG    4
#define TYPE_IPV4   0x0800
#define TYPE_IPV6   0x86dd
#define TYPE_VLAN   0x8100
#define TYPE_QINQ   0x88a8
#define IPV4_HLEN   20
#define IPV6_HLEN   40
#define TCP_HLEN    20
#define UDP_HLEN    8
#define TCP_FIN_PSH 0x09
#define TCP_CWR     0x80

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* The EtherType behind the VLAN tags, and where the network header begins. */
static uint16_t network(const struct vale_frame *f, uint32_t *l3)
{
	uint32_t at = ETH_TYPE;
	uint16_t type = get16(f->data + at);

	while ((type == TYPE_VLAN || type == TYPE_QINQ) && at + VLAN_TAG + 2 <= f->len) {
		at += VLAN_TAG;
		type = get16(f->data + at);
	}
	*l3 = at + 2;
	return type;
}

static uint8_t gso_type(const struct vale_frame *f)
{
	return f->vnet.gso_type & (uint8_t)~VALE_GSO_ECN;
}

uint32_t vale_gso_headers(const struct vale_frame *f)
{
	uint32_t l4 = f->vnet.csum_start, hlen;
	uint8_t type = gso_type(f);

	if (!(f->vnet.flags & VALE_VNET_NEEDS_CSUM) || f->vnet.gso_size == 0)
		return 0;
	if (type == VALE_GSO_TCPV4 || type == VALE_GSO_TCPV6) {
		if (l4 + TCP_HLEN > f->len)
			return 0;
		hlen = (uint32_t)(f->data[l4 + 12] >> 4) * 4;
		if (hlen < TCP_HLEN)
			return 0;
	} else if (type == VALE_GSO_UDP_L4) {
		hlen = UDP_HLEN;
	} else {
		return 0;
	}
	return l4 + hlen <= f->len ? l4 + hlen : 0;
}

static uint32_t segments(uint32_t payload, uint32_t size)
{
	return payload == 0 ? 1 : (payload + size - 1) / size;
}

uint32_t vale_segments_count(const struct vale_frame *f)
{
	uint32_t hlen;

	if (gso_type(f) == VALE_GSO_NONE)
		return 1;
	hlen = vale_gso_headers(f);
	return hlen == 0 ? 1 : segments(f->len - hlen, f->vnet.gso_size);
}

static bool init_gso(struct vale_segments *s, const struct vale_frame *f)
{
	uint16_t ether = network(f, &s->l3);
	uint32_t payload;

	s->l4 = f->vnet.csum_start;
	s->hlen = vale_gso_headers(f);
	if (s->hlen == 0 || s->hlen > VALE_HEADERS)
		return false;
	if (ether == TYPE_IPV4) {
		if (s->type == VALE_GSO_TCPV6 || s->l3 + IPV4_HLEN > s->l4 ||
		    s->l3 + (uint32_t)(f->data[s->l3] & 15) * 4 != s->l4)
			return false;
	} else if (ether == TYPE_IPV6) {
		if (s->type == VALE_GSO_TCPV4 || s->l3 + IPV6_HLEN > s->l4)
			return false;
	} else {
		return false;
	}
	payload = f->len - s->hlen;
	s->size = f->vnet.gso_size;
	s->total = segments(payload, s->size);
	return true;
}

bool vale_segments_init(struct vale_segments *s, const struct vale_frame *f)
{
	uint32_t field = (uint32_t)f->vnet.csum_start + f->vnet.csum_offset;

	s->frame = f;
	s->done = 0;
	s->at = 0;
	s->type = gso_type(f);
	if (f->npieces != 1 || f->len < VALE_ETH_HLEN || f->vnet.flags & ~(VALE_VNET_NEEDS_CSUM | VALE_VNET_DATA_VALID))
		return false;
	if (s->type != VALE_GSO_NONE)
		return init_gso(s, f);
	s->total = 1;
	s->l4 = f->vnet.csum_start;
	s->hlen = 0;
	s->size = f->len;
	if (!(f->vnet.flags & VALE_VNET_NEEDS_CSUM))
		return true; /* DATA_VALID and the like: nothing to do */
	s->hlen = field + 2;
	s->size = f->len - s->hlen;
	return field >= VALE_ETH_HLEN && s->hlen <= f->len && s->hlen <= VALE_HEADERS;
}

/* Completes the checksum at field: its sum so far, that of the rest of the header, and of the payload. */
static void finish(struct vale_segments *s, uint32_t field, uint64_t sum, const struct vale_piece *payload)
{
	uint16_t result;

	sum = vale_csum_add(s->header + s->l4, s->hlen - s->l4, sum);
	if ((s->hlen - s->l4) % 2 == 0) {
		sum = vale_csum_add(payload->data, payload->len, sum);
	} else { /* the payload begins in the second half of a word */
		uint16_t odd = vale_csum_fold(vale_csum_add(payload->data, payload->len, 0));

		sum += (uint16_t)(odd << 8 | odd >> 8);
	}
	result = (uint16_t)~vale_csum_fold(sum);
	if (result == 0)
		result = 0xffff; /* 0 means "none" to UDP, and is the same number to the others */
	memcpy(s->header + field, &result, sizeof(result));
}

/* The network header of a segment whose transport part is len bytes. */
static void rewrite_ip(struct vale_segments *s, uint32_t len)
{
	uint8_t *ip = s->header + s->l3;
	uint16_t sum;

	if (ip[0] >> 4 == 6) {
		put16(ip + 4, s->l4 - s->l3 - IPV6_HLEN + len);
		return;
	}
	put16(ip + 2, s->l4 - s->l3 + len);
	put16(ip + 4, get16(ip + 4) + s->done);
	memset(ip + 10, 0, 2);
	sum = (uint16_t)~vale_csum_fold(vale_csum_add(ip, s->l4 - s->l3, 0));
	memcpy(ip + 10, &sum, sizeof(sum));
}

static void rewrite_tcp(struct vale_segments *s)
{
	uint8_t *tcp = s->header + s->l4;
	uint32_t seq;

	memcpy(&seq, tcp + 4, 4);
	seq = htonl(ntohl(seq) + s->at);
	memcpy(tcp + 4, &seq, 4);
	if (s->done > 0)
		tcp[13] &= (uint8_t)~TCP_CWR;
	if (s->done + 1 < s->total)
		tcp[13] &= (uint8_t)~TCP_FIN_PSH;
}

bool vale_segments_next(struct vale_segments *s, struct vale_piece out[2])
{
	const struct vale_frame *f = s->frame;
	uint32_t rest = f->len - s->hlen - s->at, len = rest < s->size ? rest : s->size, whole, part;
	uint32_t field = (uint32_t)f->vnet.csum_start + f->vnet.csum_offset;
	uint64_t sum = 0;

	if (s->done == s->total)
		return false;
	memcpy(s->header, f->data, s->hlen);
	out[0].data = s->header;
	out[0].len = s->hlen;
	out[1].data = f->data + s->hlen + s->at;
	out[1].len = len;
	if (s->type != VALE_GSO_NONE) {
		whole = f->len - s->l4;
		part = s->hlen - s->l4 + len;
		rewrite_ip(s, part);
		if (s->type == VALE_GSO_UDP_L4) {
			put16(s->header + s->l4 + 4, part);
			field = s->l4 + 6;
		} else {
			rewrite_tcp(s);
			field = s->l4 + 16;
		}
		sum = (uint64_t)htons((uint16_t)part) + (uint16_t)~htons((uint16_t)whole);
	}
	if (s->hlen > 0)
		finish(s, field, sum, &out[1]);
	s->at += len;
	s->done++;
	return true;
}
