// Shared with the preload library.
#include "../preload/src/mem.c"
