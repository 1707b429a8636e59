// Shared with the preload library.
#include "../preload/src/wait.c"
