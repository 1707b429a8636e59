// The configuration that Start and Exec send to the C programs of this
// package: a header, then records, all in the machine's byte order.
//
//	header   u32 magic, u32 bytes of all records
//	record   u16 type, u16 zero, u32 bytes of payload, payload
//
// Strings end in a zero byte, which counts; they have no other. A record of a
// list type adds one item, one of any other type comes at most once.
#ifndef NODE_CONFIG_H
#define NODE_CONFIG_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CONFIG_MAGIC 0x4e4c4156u // "VALN"
#define CONFIG_HEADER 8
#define CONFIG_RECORD 8
#define CONFIG_MAX (1u << 20) // bytes of all records at most
#define CONFIG_CPUS 1024      // processors at most

enum record_type {
	RECORD_HOSTNAME = 1,  // string
	RECORD_ALIAS,	      // string: mark of the network namespace
	RECORD_DIR,	      // string: working folder
	RECORD_ARG,	      // list of strings: the command
	RECORD_ENV,	      // list of strings
	RECORD_SYSCTL,	      // list of strings: "net/ipv4/ip_forward=1"
	RECORD_MASK,	      // list of strings: paths to cover
	RECORD_CGROUP,	      // list of strings: groups that exec joins
	RECORD_GROUPS,	      // u32 each: supplementary groups
	RECORD_CPUS,	      // bytes: processor 0 is bit 0 of byte 0
	RECORD_UID,	      // u32
	RECORD_GID,	      // u32
	RECORD_RESTART,	      // u32: enum restart_policy
	RECORD_RESTART_MAX,   // u32: 0 for no bound
	RECORD_PIDFD,	      // u32: descriptor of the node's init, for exec
	RECORD_CAPS,	      // u64: set of capabilities to keep
	RECORD_DELAY,	      // u64: milliseconds from release to start
	RECORD_LOG_MAX,	      // u64: bytes of a log file
	RECORD_END
};

enum restart_policy { RESTART_NO, RESTART_ON_FAILURE, RESTART_ALWAYS };

struct list {
	char **items; // ends in NULL
	size_t count;
};

struct bytes {
	const unsigned char *data; // not aligned
	size_t count;
};

// Every pointer leads into the message or to memory that config_free frees.
struct config {
	const char *hostname, *alias, *dir;
	struct list argv, env, sysctls, masks, cgroups;
	struct bytes groups, cpus;
	uint32_t uid, gid, restart, restart_max, pidfd;
	uint64_t caps, delay, log_max;
	char *message; // the records as read, owned
};

// config_decode fills c from the records in message, which must outlive c. It
// returns 0, or -1 with a reason in *fault; c is then empty.
int config_decode(struct config *c, char *message, size_t size, const char **fault);

// config_read reads header and records from a descriptor and decodes them.
// It returns as config_decode does. A message that ends early is a fault.
int config_read(struct config *c, int fd, const char **fault);

void config_free(struct config *c);

// What is written to a node's ctl, a byte each.
#define CTL_RELEASE 'r'
#define CTL_HALT 's'
#define CTL_RESUME 'g'

#endif
