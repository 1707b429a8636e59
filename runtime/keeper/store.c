#define _GNU_SOURCE
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_CLOSERS 64
#define SPARE_FILES 32 /* are left for the keeper itself: to start an agent, above all */

static struct keeper_entry *entries[KEEPER_MAX_ENTRIES];
static uint32_t hashes[KEEPER_MAX_ENTRIES]; /* of entries[i]: a search reads these only */
static unsigned count;
static size_t bytes;
static unsigned files_held;

static uint32_t hash_key(const char *key, size_t len)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)key[i]) * 16777619u;
	return hash;
}

/* The position of a key, or count. */
static unsigned find(const char *key, uint32_t key_len)
{
	uint32_t hash = hash_key(key, key_len);

	for (unsigned i = 0; i < count; i++) {
		if (hashes[i] == hash && entries[i]->key_len == key_len &&
		    memcmp(entries[i]->data, key, key_len) == 0)
			return i;
	}
	return count;
}

static size_t weight(const struct keeper_entry *entry)
{
	return entry->key_len + entry->payload_len;
}

/* Says whether so many files are too many for this process. */
static int too_many(unsigned files)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) == 0 && files + SPARE_FILES > limit.rlim_cur;
}

static void drop(struct keeper_entry *entry)
{
	files_held -= entry->files;
	for (unsigned i = 0; i < entry->files; i++)
		close(entry->file[i]);
	free(entry);
}

int keeper_store_put(const struct keeper_request *request, const int *files)
{
	unsigned at = find(request->key, request->key_len);
	struct keeper_entry *old = at < count ? entries[at] : NULL;
	size_t total = bytes - (old ? weight(old) : 0) + request->key_len + request->payload_len;
	struct keeper_entry *entry;

	if (at == KEEPER_MAX_ENTRIES || total > KEEPER_MAX_BYTES)
		return ENOSPC;
	if (too_many(files_held + request->files))
		return EMFILE;
	entry = malloc(sizeof(*entry) + request->key_len + request->payload_len);
	if (!entry)
		return ENOMEM;
	entry->files = request->files;
	entry->key_len = request->key_len;
	entry->payload_len = request->payload_len;
	for (unsigned i = 0; i < request->files; i++)
		entry->file[i] = files[i];
	memcpy(entry->data, request->key, request->key_len);
	memcpy(entry->data + request->key_len, request->payload, request->payload_len);

	files_held += entry->files;
	entries[at] = entry;
	hashes[at] = hash_key(request->key, request->key_len);
	bytes = total;
	if (old)
		drop(old);
	else
		count++;
	return 0;
}

void keeper_store_delete(const struct keeper_request *request)
{
	unsigned at = find(request->key, request->key_len);
	struct keeper_entry *entry;

	if (at == count)
		return;
	entry = entries[at];
	count--;
	memmove(&entries[at], &entries[at + 1], (count - at) * sizeof(entries[0]));
	memmove(&hashes[at], &hashes[at + 1], (count - at) * sizeof(hashes[0]));
	bytes -= weight(entry);
	drop(entry);
}

const struct keeper_entry *keeper_store_at(unsigned position)
{
	return position < count ? entries[position] : NULL;
}

/* Closes the entries whose position leaves the rest share when divided by closers. */
static void drop_share(unsigned share, unsigned closers)
{
	for (unsigned i = share; i < count; i += closers)
		drop(entries[i]);
}

/* A child that ends with its share, when go does and all others have let go of that share. */
static _Noreturn void hold_share(unsigned share, unsigned closers, const int ready[2], const int go[2])
{
	char byte = 0;

	close(go[1]);
	for (unsigned later = share + 1; later < closers; later++)
		drop_share(later, closers);
	if (write(ready[1], &byte, 1) == 1)
		while (read(go[0], &byte, 1) < 0 && errno == EINTR)
			;
	_exit(0);
}

/*
 * The last close of a packet socket waits for an RCU grace period, many milliseconds, and a lab has
 * thousands. So the files are dealt out to children, and when each file is one child's alone they end
 * together: their grace periods run side by side. What a child that could not be made would have held
 * is closed here, one file after the other.
 */
void keeper_store_close(void)
{
	unsigned closers = count < MAX_CLOSERS ? count : MAX_CLOSERS;
	unsigned forked = 0, waiting = 0;
	int ready[2] = {-1, -1}, go[2] = {-1, -1};
	char byte;

	if (pipe2(ready, O_CLOEXEC) == 0 && pipe2(go, O_CLOEXEC) == 0) {
		for (; forked < closers; forked++) {
			pid_t pid = fork();

			if (pid < 0)
				break;
			if (pid == 0)
				hold_share(forked, closers, ready, go);
			drop_share(forked, closers);
		}
	}
	close(ready[1]);
	while (waiting < forked && read(ready[0], &byte, 1) == 1)
		waiting++;
	close(ready[0]);
	close(go[1]);
	close(go[0]);
	for (unsigned share = forked; share < closers; share++)
		drop_share(share, closers);
	count = 0;
	bytes = 0;
	while (forked > 0 && (waitpid(-1, NULL, 0) > 0 || errno == EINTR))
		forked--;
}
