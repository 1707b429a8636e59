/* The entries that a keeper holds: files and a few bytes under a key, in the order of their first PUT. */
#ifndef VALELAB_KEEPER_STORE_H
#define VALELAB_KEEPER_STORE_H

#include "message.h"

struct keeper_entry {
	uint32_t files;
	uint32_t key_len;
	uint32_t payload_len;
	int file[KEEPER_MAX_FILES];
	char data[]; /* key, then payload */
};

/*
 * Adds an entry, or replaces the one of the same key and closes its files. Returns 0 and owns files, or
 * an errno (ENOSPC: full; EMFILE: too many files; ENOMEM) and owns nothing.
 */
int keeper_store_put(const struct keeper_request *request, const int *files);

/* Removes an entry and closes its files. One that is not there is no error. */
void keeper_store_delete(const struct keeper_request *request);

/* The entry at a position, or NULL at the end. It is valid until the next put or delete. */
const struct keeper_entry *keeper_store_at(unsigned position);

/* Closes the files of all entries, many at a time. Nothing is left in the store. */
void keeper_store_close(void);

#endif
