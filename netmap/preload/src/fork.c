/* A fork: the child has the same opens, and is another thread. */
#include "preload.h"

/* glibc's, in all its versions; musl has the other. */
extern int __register_atfork(void (*)(void), void (*)(void), void (*)(void), void *) __attribute__((weak));
extern int pthread_atfork(void (*)(void), void (*)(void), void (*)(void)) __attribute__((weak));

__attribute__((constructor)) static void start(void)
{
	if (__register_atfork != NULL)
		__register_atfork(nm_share_all, NULL, nm_forked, NULL);
	else if (pthread_atfork != NULL)
		pthread_atfork(nm_share_all, NULL, nm_forked);
}
