/*
 * AddressSanitizer as a library refuses to start where another one is loaded before it: its own functions would come
 * too late. Ours hand on to the next ones, its own, so it may be told not to look. A program's own word, or
 * ASAN_OPTIONS, comes before this.
 */
#include "preload.h"

const char *__asan_default_options(void);

EXPORT const char *__asan_default_options(void)
{
	return "verify_asan_link_order=0";
}
