// Shared with the preload library.
#include "../preload/src/sync.c"
