// SPDX-License-Identifier: GPL-2.0
/*
 * Option values that several subcommands take.
 */
#include "base/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
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
	int err;

	err = parse_ns(arg, min, max, &value);
	if (err)
		opt_bad(state, option, arg, err);
	return value;
}

uint64_t opt_duration(struct argp_state *state, const char *option, const char *arg, uint64_t min,
		      uint64_t max)
{
	uint64_t value = 0;
	int err = parse_duration(arg, min, max, &value);

	if (err)
		opt_bad(state, option, arg, err);
	return value;
}

size_t opt_duration_list(struct argp_state *state, const char *option, const char *arg,
			 uint64_t max, uint64_t *list, size_t cap)
{
	size_t n = 0;
	int err = parse_duration_list(arg, 0, max, list, cap, &n);

	if (err)
		opt_bad(state, option, arg, err);
	return n;
}

size_t opt_ns_list(struct argp_state *state, const char *option, const char *arg, uint64_t max,
		   uint64_t *list, size_t cap)
{
	size_t n = 0;
	int err;

	err = parse_ns_list(arg, 0, max, list, cap, &n);
	if (err)
		opt_bad(state, option, arg, err);
	return n;
}

static void no_such_word(struct argp_state *state, const char *option, const char *word,
			 const char *const *words, size_t n)
{
	char valid[256] = "";
	size_t i;

	for (i = 0; i < n; i++)
		snprintf(valid + strlen(valid), sizeof(valid) - strlen(valid), "%s%s",
			 i ? ", " : "", words[i]);
	argp_error(state, "no %s '%s': use %s, or several with commas between", option, word,
		   valid);
}

size_t opt_choices(struct argp_state *state, const char *option, const char *arg,
		   const char *const *words, size_t n, int *chosen)
{
	char *copy = strdup(arg), long_option[64];
	const char *given[16];
	size_t nr_given = 0, i, k;
	int err;

	if (n == 2 && !strcmp(arg, "both")) {
		free(copy);
		chosen[0] = 0;
		chosen[1] = 1;
		return n;
	}
	err = copy ? parse_names(copy, given, sizeof(given) / sizeof(given[0]), &nr_given)
		   : -ENOMEM;
	snprintf(long_option, sizeof(long_option), "--%s", option);
	if (err)
		opt_bad(state, long_option, arg, err);
	for (i = 0; i < nr_given; i++) {
		for (k = 0; k < n && strcmp(given[i], words[k]); k++)
			;
		if (k == n)
			no_such_word(state, option, given[i], words, n);
		chosen[i] = k;
	}
	free(copy);
	return nr_given;
}

uint64_t opt_objects(struct argp_state *state, const char *arg)
{
	if (!strcmp(arg, "percpu"))
		return REFCOST_OBJECTS_PERCPU;
	return opt_u64(state, "--objects", arg, 1, REFCOST_OBJECTS_MAX);
}
