// The reason of a failure, as one line of text.
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "node.h"

static char fault[512];

// node_fail records "FORMAT: meaning of errno" and returns -1. It keeps errno,
// which may be 0 for no meaning.
int node_fail(const char *format, ...)
{
	int code = errno;
	va_list args;
	size_t used;

	va_start(args, format);
	vsnprintf(fault, sizeof(fault), format, args);
	va_end(args);
	used = strlen(fault);
	if (code != 0)
		snprintf(fault + used, sizeof(fault) - used, ": %s", strerror(code));
	errno = code;
	return -1;
}

const char *node_fault(void)
{
	return fault;
}

// node_warn writes "valelab: FORMAT" as a line to standard error. It returns
// what write does.
int node_warn(const char *format, ...)
{
	char line[600] = "valelab: ";
	size_t used = strlen(line);
	va_list args;

	va_start(args, format);
	vsnprintf(line + used, sizeof(line) - used - 1, format, args);
	va_end(args);
	used = strlen(line);
	line[used++] = '\n';
	return (int)write(STDERR_FILENO, line, used);
}
