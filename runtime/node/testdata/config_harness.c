// Decodes configurations from standard input, for the test that builds this
// with sanitizers: u32 length, then so many bytes, header and records. For
// each it prints one line: "ok" and what was decoded, or the fault.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../config.h"

static void print_list(const char *name, const struct list *l)
{
	size_t bytes = 0;

	for (size_t i = 0; i < l->count; i++)
		bytes += strlen(l->items[i]);
	if (l->items[l->count] != NULL)
		abort();
	printf(" %s=%zu/%zu", name, l->count, bytes);
}

static void print(const struct config *c)
{
	unsigned sum = 0;

	for (size_t i = 0; i < c->groups.count; i++)
		sum += c->groups.data[i];
	for (size_t i = 0; i < c->cpus.count; i++)
		sum += c->cpus.data[i];
	printf("ok %zu %zu %zu", strlen(c->hostname), strlen(c->alias), strlen(c->dir));
	print_list("arg", &c->argv);
	print_list("env", &c->env);
	print_list("sysctl", &c->sysctls);
	print_list("mask", &c->masks);
	print_list("cgroup", &c->cgroups);
	printf(" %u %u %u\n", c->uid, c->gid, sum);
}

// read_message decodes through a descriptor, as init does.
static void read_message(const char *message, size_t size)
{
	const char *fault;
	struct config c;
	int fd = memfd_create("message", 0);

	if (fd < 0 || write(fd, message, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) != 0)
		abort();
	if (config_read(&c, fd, &fault) == 0) {
		print(&c);
		config_free(&c);
	} else {
		printf("%s\n", fault);
	}
	close(fd);
}

// decode_records decodes a copy that ends where the records do, so that one
// byte too far is seen.
static void decode_records(const char *message, size_t size)
{
	size_t count = size > CONFIG_HEADER ? size - CONFIG_HEADER : 0;
	const char *fault;
	struct config c;
	char *records = malloc(count);

	if (records == NULL)
		abort();
	if (count > 0)
		memcpy(records, message + CONFIG_HEADER, count);
	if (config_decode(&c, records, count, &fault) == 0)
		config_free(&c);
	free(records);
}

int main(void)
{
	uint32_t size;

	while (fread(&size, sizeof(size), 1, stdin) == 1) {
		char *message = malloc((size_t)size + 1);

		if (message == NULL || fread(message, 1, size, stdin) != size)
			abort();
		read_message(message, size);
		decode_records(message, size);
		free(message);
	}
	return 0;
}
