/* The keeper's end of the socket to the agent. Nothing here blocks. */
#ifndef VALELAB_KEEPER_LINK_H
#define VALELAB_KEEPER_LINK_H

#include "message.h"

/* The socket, or -1: poll it for keeper_link_events. */
extern int keeper_link;

/* Not 0 once an agent has asked the keeper to end. */
extern int keeper_link_stop;

/* Starts a conversation over a socket that does not block. history answers its LISTs. */
void keeper_link_open(int socket, struct keeper_history history);

/* Ends the conversation. What the agent sent before is carried out first. */
void keeper_link_close(void);

/* POLLIN, or POLLOUT while an answer waits for room. */
short keeper_link_events(void);

/* Answers, or reads one request and carries it out. Returns -1 when the agent has closed its end, else 0. */
int keeper_link_step(void);

#endif
