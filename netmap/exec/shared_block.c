// Shared with the preload library.
#include "../preload/src/block.c"
