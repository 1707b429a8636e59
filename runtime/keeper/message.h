/*
 * The messages between an agent and its keeper: one header, then the key, then the payload, in one
 * SOCK_SEQPACKET message, with the files by SCM_RIGHTS. Host byte order.
 *
 * A keeper stays as it is while agents of other builds come after the first, so this may be added to and
 * never changed: a keeper answers an operation that it does not know with EBADMSG.
 *
 *   agent:  PUT key payload files    DELETE key    LIST    SHUTDOWN
 *           PROGRAM file             the program that the next agents are
 *   keeper: REPLY (error is 0 or an errno)   to PUT, DELETE and PROGRAM
 *           ENTRY key payload files ...      to LIST, in the order of their first PUT, then
 *           END with a keeper_history        as its payload
 */
#ifndef VALELAB_KEEPER_MESSAGE_H
#define VALELAB_KEEPER_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#define KEEPER_MAX_KEY     255
#define KEEPER_MAX_PAYLOAD 65536
#define KEEPER_MAX_FILES   8
#define KEEPER_MAX_ENTRIES 32768
#define KEEPER_MAX_BYTES   (64 << 20) /* keys and payloads of all entries together */

enum keeper_op {
	KEEPER_PUT = 1,
	KEEPER_DELETE = 2,
	KEEPER_LIST = 3,
	KEEPER_SHUTDOWN = 4,
	KEEPER_REPLY = 5,
	KEEPER_ENTRY = 6,
	KEEPER_END = 7,
	KEEPER_PROGRAM = 8,
};

struct keeper_header {
	uint32_t op;
	int32_t error;
	uint32_t files; /* how many come with the message */
	uint32_t key_len;
	uint32_t payload_len;
};

struct keeper_history {
	uint32_t starts; /* agents started, the one that asks included */
	uint32_t status; /* wait status of the agent before it */
};

#define KEEPER_MAX_MESSAGE (sizeof(struct keeper_header) + KEEPER_MAX_KEY + KEEPER_MAX_PAYLOAD)

/* A decoded request. key and payload point into the message. */
struct keeper_request {
	uint32_t op;
	uint32_t files;
	uint32_t key_len;
	uint32_t payload_len;
	const char *key;
	const char *payload;
};

/*
 * Reads a request of len bytes that came with so many files. Returns 0, or EBADMSG for one that is not
 * well formed or that an agent does not send.
 */
int keeper_decode(const void *message, size_t len, unsigned files, struct keeper_request *request);

#endif
