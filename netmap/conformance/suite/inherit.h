/* The other half of cases about exec: this program runs itself. */
#ifndef CONFORMANCE_INHERIT_H
#define CONFORMANCE_INHERIT_H

#define INHERITED "--inherited" /* --inherited FD WHAT */

int inherited(char **args);

#endif
