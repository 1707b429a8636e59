// Shared with the preload library.
#include "../preload/src/device.c"
