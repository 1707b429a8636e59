// Shared with the preload library.
#include "../preload/src/forward.c"
