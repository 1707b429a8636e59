// What the C files of valelab-init and valelab-exec share. Functions that
// return int return 0, or -1 with the reason in node_fault(), unless they say
// otherwise. Both programs have one thread.
#ifndef NODE_H
#define NODE_H

#include <stdint.h>
#include <sys/types.h>

#include "config.h"

// Descriptors that Start gives to init.
enum {
	FD_CONFIG = 0, // start pipe, read
	FD_READY,      // write: "ok", or why init gives up
	FD_LOG,	       // the log, for appending; stays open as standard error
	FD_STATE,      // the node's private folder; stays open
	FD_PROGRAM,    // detached mount of the running binary
	FD_PUBLIC,     // detached mount of the folder that the node may see
	FD_FIRST_FREE
};

// Where the node sees its public folder and the running binary.
#define PUBLIC_DIR "/run/valelab"
#define PROGRAM_DIR PUBLIC_DIR "/bin"

// fault.c: the reason of the last failure.
int node_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *node_fault(void);
int node_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

// init.c, exec.c: the two programs. They return an exit status.
int node_init(int argc, char **argv);
int node_exec(int argc, char **argv);

// mounts.c, devices.c, masks.c: what the node sees of the file system.
int node_mount(const char *source, const char *target, const char *type, unsigned long flags,
	       const char *options);
int node_bind_again(const char *target, unsigned long flags);
int node_mounts(const struct config *c);
int node_devices(void);
int node_masks(const struct config *c);

// settings.c: network namespace and kernel settings.
int node_settings(const struct config *c);
int node_write_file(const char *path, const char *value);

// privileges.c: the calling process becomes what the command may be.
int node_affinity(const struct config *c);
int node_become(const struct config *c);

// command.c: the command, in a new child that has called node_become. Each
// file is above standard error or in its place already.
struct stdio {
	int in, out, err;
};
enum { EXIT_CANNOT_RUN = 126, EXIT_NOT_FOUND = 127 }; // as shells have them
void node_run(const struct config *c, struct stdio io) __attribute__((noreturn));

// log.c: the command's output. node_log_open returns the end that the command
// writes to; node_log_source the end to poll.
int node_log_open(uint64_t max, int *sink);
int node_log_source(void);
void node_log_take(int rounds);

// status.c: the status file.
struct status {
	const char *state;
	pid_t pid;
	int code, signal;
	unsigned restarts;
	time_t since; // of the state
};
int node_status_write(const struct status *s);

// restart.c: the restart policy, pure.
int node_restart_wanted(const struct config *c, unsigned restarts, int failed);
uint64_t node_restart_delay(uint64_t *backoff, uint64_t ran);

// supervise.c: the command's life, in two parts: what can fail, and the loop,
// which returns only when the node is to end. null is /dev/null, opened.
int node_supervise_open(const struct config *c, int null);
int node_supervise(void);

// terminal.c: a terminal in the node, relayed to the caller's. There is one.
int node_terminal_open(const struct config *c, int *slave);
int node_terminal_raw(void);
void node_terminal_restore(void);
void node_terminal_resize(void);
void node_terminal_relay(int signals);
void node_terminal_drain(void);

#endif
