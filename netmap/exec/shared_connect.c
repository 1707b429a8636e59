// Shared with the preload library.
#include "../preload/src/connect.c"
