// Shared with the preload library.
#include "../preload/src/call.c"
