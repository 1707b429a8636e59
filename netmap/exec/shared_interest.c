// Shared with the preload library.
#include "../preload/src/interest.c"
