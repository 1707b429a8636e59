/*
 * The MAC table: VALE's direct-mapped table of 1024 places without ageing. A station that does not find its
 * place free takes it. VALE mixes the address by Jenkins' function; one multiplication (Knuth, The Art of
 * Computer Programming 3, 6.4) spreads as well here and costs a tenth.
 *
 * Each port remembers its last source and destination; both hold until the epoch changes, so that a flow
 * costs two comparisons a frame and the result is always the table's.
 */
#include "vale.h"

#define MULTICAST 1u /* of the first byte */

static inline uint32_t place(uint64_t mac)
{
	return (uint32_t)((mac * 0x9e3779b97f4a7c15ull) >> (64 - VALE_TABLE_BITS));
}

static inline uint64_t entry(uint32_t port, uint64_t mac)
{
	return (uint64_t)(port + 1) << 48 | mac;
}

void vale_table_learn(struct vale_switch *sw, struct vale_port *p, uint64_t mac)
{
	uint64_t *at = &sw->state->table[place(mac)];
	uint64_t want = entry(p->index, mac);

	if (mac & MULTICAST)
		return;
	if (*at != want) {
		*at = want;
		sw->epoch++;
	}
	p->src_mac = mac;
	p->src_epoch = sw->epoch;
}

uint32_t vale_table_lookup(struct vale_switch *sw, struct vale_port *p, uint64_t mac)
{
	uint64_t e = sw->state->table[place(mac)];
	uint32_t port = (uint32_t)(e >> 48) - 1;

	if (mac & MULTICAST || (e ^ mac) << 16 != 0 || port >= VALE_PORTS || sw->port[port] == NULL)
		port = VALE_PORTS;
	p->dst_mac = mac;
	p->dst_epoch = sw->epoch;
	p->dst_port = port;
	return port;
}

void vale_port_forget(struct vale_state *state, uint32_t index)
{
	for (uint32_t i = 0; i < VALE_TABLE_SIZE; i++)
		if (state->table[i] >> 48 == index + 1)
			state->table[i] = 0;
	memset(&state->port[index], 0, sizeof(state->port[index]));
}
