// Shared with the preload library.
#include "../preload/src/request.c"
