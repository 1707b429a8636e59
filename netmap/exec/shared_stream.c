// Shared with the preload library.
#include "../preload/src/stream.c"
