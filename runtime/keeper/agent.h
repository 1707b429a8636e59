/* The agent's process: started, watched, started again. */
#ifndef VALELAB_KEEPER_AGENT_H
#define VALELAB_KEEPER_AGENT_H

/* What an agent finds open, besides 0, 1 and 2. */
#define KEEPER_AGENT_STORE   3 /* its socket to the keeper */
#define KEEPER_AGENT_MACHINE 4 /* the machine's network namespace */

/* Sets what each agent gets. The files stay the caller's. */
void keeper_agent_setup(const char *lab_dir, int lab_netns, int machine_netns);

/*
 * Sets the program that the next agents are, instead of the keeper's own one, and takes the file over. A
 * program is given up for the keeper's own when several of its agents in a row do not live.
 */
void keeper_agent_program(int file);

/* Starts an agent and the conversation with it. Returns 0 or an errno. */
int keeper_agent_start(void);

/* Milliseconds until keeper_agent_start is due, or -1 while an agent runs. */
int keeper_agent_delay(void);

/* Waits for children that have ended. If the agent is one, its conversation ends and a new start is due. */
void keeper_agent_reap(void);

/* Kills the agent; keeper_agent_reap sees its end. */
void keeper_agent_kill(void);

/* Kills the agent and waits for its end; none is due after it. */
void keeper_agent_stop(void);

#endif
