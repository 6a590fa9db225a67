/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a trace says about each module: how often it went or came, how long that took, how often it
 * did not.
 *
 * Takes bounded memory however long the trace lasts: times are kept one by one at first, later as
 * counts of a log-linear histogram; modules beyond a thousand share a row.
 */
#ifndef REFCOST_TRACE_SUM_H
#define REFCOST_TRACE_SUM_H

#include <stddef.h>
#include <stdint.h>

#include "stats/hist.h"
#include "trace/text.h"

#define SUM_EXACT   4096 /* times of a module that are kept one by one */
#define SUM_MODULES 1000
#define SUM_OTHERS  "(others)"

/**
 * struct sum_module - one module
 * @name: its name
 * @hist: times of the calls that succeeded, ns; NULL if none did
 * @exact: the same, the first SUM_EXACT of them
 * @total_ns: their sum
 * @outcomes: how many calls came to what
 */
struct sum_module {
	char name[64];
	struct hist *hist;
	double *exact;
	uint64_t total_ns;
	uint64_t outcomes[OUTCOMES];
};

/**
 * struct sum - all modules that calls of one kind were about, in the order in which they were first
 * seen; zeroed, it is empty
 * @v: modules
 * @n: how many
 */
struct sum {
	struct sum_module *v;
	size_t n;
};

/**
 * sum_add() - count one call
 * @s: the summary
 * @module: which module
 * @outcome: what it came to
 * @ns: how long it took
 *
 * Return: 0; -ENOMEM.
 */
int sum_add(struct sum *s, const char *module, enum trace_outcome outcome, uint64_t ns);

/**
 * sum_successes() - how often a module went, or came
 * @m: the module
 *
 * Return: the number of calls behind the percentiles.
 */
uint64_t sum_successes(const struct sum_module *m);

/**
 * sum_percentile() - of the calls that succeeded
 * @m: the module
 * @p: fraction, 0 < @p < 1
 *
 * The median is always given; others where stats_percentile_supported() says so. Up to SUM_EXACT
 * calls it is exact, beyond that at most 1.6 % off.
 *
 * Return: ns; NAN where there are too few calls.
 */
double sum_percentile(const struct sum_module *m, double p);

/**
 * sum_free() - give its memory back
 * @s: the summary; empty afterwards
 */
void sum_free(struct sum *s);

#endif
