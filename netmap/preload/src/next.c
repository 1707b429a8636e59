/*
 * The next function of a name: libc's. dlsym is a weak reference, since old C libraries have it in a library of
 * its own that the program may not have loaded; without it the system call is made directly.
 */
#include "preload.h"

extern void *dlsym(void *handle, const char *name) __attribute__((weak));
#define RTLD_NEXT ((void *)-1)

static _Atomic bool ready;

/* Before its constructor has run, the program's libraries may not be there in full. */
__attribute__((constructor)) static void start(void)
{
	atomic_store(&ready, true);
}

void *nm_next(_Atomic(void *) *cache, const char *name)
{
	static char none;
	void *f = atomic_load_explicit(cache, memory_order_relaxed);

	if (unlikely(f == NULL)) {
		if (dlsym == NULL || !atomic_load(&ready))
			return NULL;
		f = dlsym(RTLD_NEXT, name);
		atomic_store_explicit(cache, f != NULL ? f : &none, memory_order_relaxed);
	}
	return f == &none ? NULL : f;
}
