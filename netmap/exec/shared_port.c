// Shared with the preload library.
#include "../preload/src/port.c"
