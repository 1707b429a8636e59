/* Descriptors on their way to other processes. */
#ifndef CONFORMANCE_FD_H
#define CONFORMANCE_FD_H

#include "port.h"

void send_fd(int sock, int fd);
int receive_fd(int sock);
void snprintf_fd(char text[16], int fd);
void munmap_port(struct port *p); /* whose descriptor is closed */

#endif
