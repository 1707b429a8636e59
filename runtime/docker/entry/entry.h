// What the entrypoint of a container and the agent have agreed on.
#ifndef VALELAB_ENTRY_H
#define VALELAB_ENTRY_H

#define ENTRY_PROGRAM "/run/valelab/bin/valelab"
#define ENTRY_WORD "valelab-entry"
#define ENTRY_GATE "/run/valelab/gate.sock"
#define ENTRY_GO 'g'
#define ENTRY_PRELOAD "/run/valelab/bin/libnetmap.so" /* preload.Path */

#endif
