#ifndef VALELAB_VALE_CHANNEL_H
#define VALELAB_VALE_CHANNEL_H

#include "vale.h"

/* The two sides write to lines of their own. */
struct vale_channel {
	uint8_t *mem;
	struct vale_source *reader;        /* set while both workers stand still */
	struct vale_worker *writer_worker; /* likewise */
	/* writer */
	_Alignas(64) _Atomic uint64_t tail;
	uint64_t seen_head;
	_Atomic uint32_t rung; /* the reader's worker is to wake the reader */
	/* reader */
	_Alignas(64) _Atomic uint64_t head; /* the writer may write up to SIZE bytes beyond */
	uint64_t taken;
	_Atomic uint32_t doorbell; /* the reader sleeps */
};

#endif
