// SPDX-License-Identifier: GPL-2.0
/*
 * Option values that several subcommands take.
 */
#include "options.h"

#include <string.h>

#include "parse.h"
#include "refcost_uapi.h"

void opt_bad(struct argp_state *state, const char *option, const char *arg, int err)
{
	argp_error(state, "%s '%s': %s", option, arg, parse_why(err));
}

uint64_t opt_u64(struct argp_state *state, const char *option, const char *arg, uint64_t min,
		 uint64_t max)
{
	uint64_t value = 0;
	int err = parse_u64(arg, min, max, &value);

	if (err)
		opt_bad(state, option, arg, err);
	return value;
}

uint64_t opt_ns(struct argp_state *state, const char *option, const char *arg, uint64_t min,
		uint64_t max)
{
	uint64_t value = 0;
	int err = parse_ns(arg, min, max, &value);

	if (err)
		opt_bad(state, option, arg, err);
	return value;
}

size_t opt_ns_list(struct argp_state *state, const char *option, const char *arg, uint64_t max,
		   uint64_t *list, size_t cap)
{
	size_t n = 0;
	int err = parse_ns_list(arg, 0, max, list, cap, &n);

	if (err)
		opt_bad(state, option, arg, err);
	return n;
}

uint64_t opt_objects(struct argp_state *state, const char *arg)
{
	if (!strcmp(arg, "percpu"))
		return REFCOST_OBJECTS_PERCPU;
	return opt_u64(state, "--objects", arg, 1, REFCOST_OBJECTS_MAX);
}
