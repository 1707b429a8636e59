// Shared with the preload library.
#include "../preload/src/clock.c"
