/*
 * A small harness: named cases, each in a process of its own with a time limit, told as TAP.
 *
 * A case is a function. It ends by returning, which is a pass, or at the first check that does not hold. Cases
 * leave nothing to tidy up: ports, mappings and children end with the process group of the case.
 */
#ifndef CONFORMANCE_HARNESS_H
#define CONFORMANCE_HARNESS_H

#include <stdbool.h>

/* Where a case holds. Without KERNEL or USER it holds on both backends. */
#define KERNEL 1u /* the netmap module; the user-space switch differs on purpose, as the case's comment says */
#define USER   2u /* the user-space switch */
#define NETDEV 4u /* wants a network device (option -e) */

struct test_case {
	const char *file, *name;
	unsigned needs;
	void (*run)(void);
	struct test_case *next;
};

void add_case(struct test_case *c);

#define CASE_ON(name, needs) \
	static void name(void); \
	static struct test_case name##_case = {__FILE__, #name, needs, name, 0}; \
	__attribute__((constructor)) static void name##_add(void) \
	{ \
		add_case(&name##_case); \
	} \
	static void name(void)
#define CASE(name) CASE_ON(name, 0)

extern const char *netdev; /* what -e names */

/* Ends the case with a line that says what went wrong. */
__attribute__((noreturn, format(printf, 3, 4))) void fail_at(const char *file, int line, const char *format, ...);

void check_equal(const char *file, int line, const char *what, long long got, long long want);
void check_errno(const char *file, int line, const char *what, long long got, int want);

#define FAIL(...)      fail_at(__FILE__, __LINE__, __VA_ARGS__)
#define TRUE(x)        ((x) ? (void)0 : FAIL("not so: %s", #x))
#define EQ(got, want)  check_equal(__FILE__, __LINE__, #got, (long long)(got), (long long)(want))
#define ERR(got, want) check_errno(__FILE__, __LINE__, #got, (long long)(got), want) /* errno values, 0 is success */

#endif
