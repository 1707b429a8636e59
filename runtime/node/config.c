// Decoding of the configuration (see config.h). Nothing here trusts a length
// before it has been compared with what is really there.
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum kind { STRING, LIST, BYTES, U32, U64 };

static const struct field {
	enum kind kind;
	size_t offset, unit; // unit: a BYTES payload is a multiple of this
} fields[RECORD_END] = {
	[RECORD_HOSTNAME] = {STRING, offsetof(struct config, hostname), 0},
	[RECORD_ALIAS] = {STRING, offsetof(struct config, alias), 0},
	[RECORD_DIR] = {STRING, offsetof(struct config, dir), 0},
	[RECORD_ARG] = {LIST, offsetof(struct config, argv), 0},
	[RECORD_ENV] = {LIST, offsetof(struct config, env), 0},
	[RECORD_SYSCTL] = {LIST, offsetof(struct config, sysctls), 0},
	[RECORD_MASK] = {LIST, offsetof(struct config, masks), 0},
	[RECORD_CGROUP] = {LIST, offsetof(struct config, cgroups), 0},
	[RECORD_GROUPS] = {BYTES, offsetof(struct config, groups), sizeof(uint32_t)},
	[RECORD_CPUS] = {BYTES, offsetof(struct config, cpus), 1},
	[RECORD_UID] = {U32, offsetof(struct config, uid), 0},
	[RECORD_GID] = {U32, offsetof(struct config, gid), 0},
	[RECORD_RESTART] = {U32, offsetof(struct config, restart), 0},
	[RECORD_RESTART_MAX] = {U32, offsetof(struct config, restart_max), 0},
	[RECORD_PIDFD] = {U32, offsetof(struct config, pidfd), 0},
	[RECORD_CAPS] = {U64, offsetof(struct config, caps), 0},
	[RECORD_DELAY] = {U64, offsetof(struct config, delay), 0},
	[RECORD_LOG_MAX] = {U64, offsetof(struct config, log_max), 0},
};

struct record {
	uint16_t type;
	uint32_t size;
	char *payload;
};

// next_record takes the record at *at and moves *at behind it.
static const char *next_record(struct record *r, char *message, size_t size, size_t *at)
{
	uint16_t zero;

	if (size - *at < CONFIG_RECORD)
		return "record cut short";
	memcpy(&r->type, message + *at, 2);
	memcpy(&zero, message + *at + 2, 2);
	memcpy(&r->size, message + *at + 4, 4);
	*at += CONFIG_RECORD;
	if (r->type == 0 || r->type >= RECORD_END || zero != 0)
		return "unknown record";
	if (r->size > size - *at)
		return "record longer than the message";
	r->payload = message + *at;
	*at += r->size;
	return NULL;
}

static const char *check_record(const struct record *r, const unsigned *seen)
{
	const struct field *f = &fields[r->type];

	if (f->kind != LIST && seen[r->type] > 0)
		return "record given twice";
	switch (f->kind) {
	case STRING:
	case LIST:
		if (r->size == 0 || memchr(r->payload, 0, r->size) != r->payload + r->size - 1)
			return "string without end";
		break;
	case BYTES:
		if (r->size % f->unit != 0)
			return "record of a wrong size";
		break;
	case U32:
		if (r->size != sizeof(uint32_t))
			return "record of a wrong size";
		break;
	case U64:
		if (r->size != sizeof(uint64_t))
			return "record of a wrong size";
		break;
	}
	return NULL;
}

static void store(struct config *c, const struct record *r)
{
	char *to = (char *)c + fields[r->type].offset;

	switch (fields[r->type].kind) {
	case STRING:
		*(const char **)to = r->payload;
		break;
	case LIST: {
		struct list *l = (struct list *)to;

		l->items[l->count++] = r->payload;
		break;
	}
	case BYTES:
		*(struct bytes *)to = (struct bytes){(const unsigned char *)r->payload, r->size};
		break;
	case U32:
	case U64:
		memcpy(to, r->payload, r->size);
		break;
	}
}

// make_lists gives every list room for the items counted, even for none.
static const char *make_lists(struct config *c, const unsigned *seen)
{
	for (int type = 1; type < RECORD_END; type++) {
		struct list *l = (struct list *)((char *)c + fields[type].offset);

		if (fields[type].kind != LIST)
			continue;
		l->items = calloc((size_t)seen[type] + 1, sizeof(*l->items));
		if (l->items == NULL)
			return "no memory";
	}
	return NULL;
}

static const char *check_values(const struct config *c)
{
	if (c->cpus.count > CONFIG_CPUS / 8)
		return "too many processors";
	if (c->restart > RESTART_ALWAYS)
		return "unknown restart policy";
	if (c->hostname == NULL || c->alias == NULL || c->dir == NULL)
		return "record missing";
	return NULL;
}

int config_decode(struct config *c, char *message, size_t size, const char **fault)
{
	unsigned seen[RECORD_END] = {0};
	struct record r;
	size_t at;

	memset(c, 0, sizeof(*c));
	*fault = NULL;
	for (at = 0; at < size && *fault == NULL;) {
		*fault = next_record(&r, message, size, &at);
		if (*fault == NULL)
			*fault = check_record(&r, seen);
		if (*fault == NULL)
			seen[r.type]++;
	}
	if (*fault == NULL)
		*fault = make_lists(c, seen);
	for (at = 0; at < size && *fault == NULL;) {
		*fault = next_record(&r, message, size, &at);
		if (*fault == NULL)
			store(c, &r);
	}
	if (*fault == NULL)
		*fault = check_values(c);
	if (*fault == NULL)
		return 0;
	config_free(c);
	return -1;
}

// read_all reads exactly size bytes.
static const char *read_all(int fd, void *to, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = read(fd, (char *)to + done, size - done);

		if (n == 0)
			return "configuration cut short";
		if (n < 0 && errno != EINTR)
			return strerror(errno);
		if (n > 0)
			done += (size_t)n;
	}
	return NULL;
}

int config_read(struct config *c, int fd, const char **fault)
{
	uint32_t header[CONFIG_HEADER / 4];
	char *message;

	memset(c, 0, sizeof(*c));
	*fault = read_all(fd, header, sizeof(header));
	if (*fault != NULL)
		return -1;
	if (header[0] != CONFIG_MAGIC || header[1] > CONFIG_MAX) {
		*fault = "not a configuration";
		return -1;
	}
	message = malloc((size_t)header[1] + 1);
	if (message == NULL) {
		*fault = "no memory";
		return -1;
	}
	*fault = read_all(fd, message, header[1]);
	if (*fault != NULL || config_decode(c, message, header[1], fault) != 0) {
		free(message);
		return -1;
	}
	c->message = message;
	return 0;
}

void config_free(struct config *c)
{
	free(c->argv.items);
	free(c->env.items);
	free(c->sysctls.items);
	free(c->masks.items);
	free(c->cgroups.items);
	free(c->message);
	memset(c, 0, sizeof(*c));
}
