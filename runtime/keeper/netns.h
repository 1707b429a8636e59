/* The lab's own network namespace. */
#ifndef VALELAB_KEEPER_NETNS_H
#define VALELAB_KEEPER_NETNS_H

/*
 * Makes a network namespace whose lo is up and has the given alias. The calling process stays in its
 * own one. Returns a file of the new namespace, or -1 with errno.
 */
int keeper_netns_make(const char *alias);

#endif
