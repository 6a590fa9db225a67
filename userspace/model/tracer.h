/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What refcost trace and refcost cycle left in a results directory: unloads by phase in some
 * experiments, and what watching them costs. Part of struct model.
 */
#ifndef REFCOST_MODEL_TRACER_H
#define REFCOST_MODEL_TRACER_H

#include <stdbool.h>
#include <stddef.h>

#include "stats/series.h"

#define TRACER_NAME 64

/**
 * struct traced_phase - one phase over all calls of a group
 * @label: its name
 * @us: how long it took in each call that had it, us
 * @off_us: of that, off the CPU, us
 * @start_us: when it began in the call, us
 * @call: which calls had it, as indices of the group's @total_ms
 */
struct traced_phase {
	char label[TRACER_NAME];
	struct series us, off_us, start_us, call;
};

/**
 * struct traced - calls of delete_module(2) that belong together
 * @experiment: "grace" (of a victim), "parallel" (modules at once) or "modules" (one after the
 *	other)
 * @level: of "grace": rcu_expedited; of "parallel": how many at once
 * @module: which; "" if several
 * @total_ms: of each call, in order of completion
 * @last_ms: of "parallel": the slowest call of each round
 * @phases: in order of time
 * @nr_phases: how many
 * @typical: index of the call whose total is nearest to the median
 */
struct traced {
	char experiment[TRACER_NAME];
	int level;
	char module[TRACER_NAME];
	struct series total_ms, last_ms;
	struct traced_phase *phases;
	size_t nr_phases;
	int typical;
};

#define TRACER_LEAST 5 /* unloads that count, where some do not */

/**
 * struct watched - unloads timed from outside, in one block, under one tracer
 * @arm: "none" or the tracer
 * @block: number
 * @ms: of delete_module(2), each
 * @load_cpu: on the CPU in finit_module(2), each; ns, or instructions where the clock counts them
 * @cpu: on the CPU in delete_module(2), each; likewise
 * @look: an empty loop around each, ns; empty where nobody looked. Once all are read, unloads
 *	around which it took longer than SETTLED times the fastest one of all blocks are out of @ms,
 *	@load_cpu and @cpu
 */
struct watched {
	char arm[TRACER_NAME];
	int block;
	struct series ms, load_cpu, cpu, look;
};

/**
 * struct startup - how long a tool takes until its probes are ready
 * @tool: name
 * @ms: each time
 */
struct startup {
	char tool[TRACER_NAME];
	struct series ms;
};

/**
 * struct hits - how often a tracer's programs ran
 * @arm: the tracer
 * @per_cycle: in a load and an unload
 */
struct hits {
	char arm[TRACER_NAME];
	double per_cycle;
};

struct tracer_model {
	struct traced *traced;
	size_t nr_traced;
	struct watched *watched;
	size_t nr_watched;
	size_t looked, disturbed; /* unloads in them, and those left out */
	struct watched *counted;
	size_t nr_counted;
	struct startup *startups;
	size_t nr_startups;
	struct hits *hits;
	size_t nr_hits;
};

/**
 * tracer_read() - read the files that there are
 * @t: filled; free with tracer_free(), also after a failure
 * @dir: results directory
 *
 * Return: EXIT_FINE, or EXIT_FAILED after a line.
 */
int tracer_read(struct tracer_model *t, const char *dir);

void tracer_free(struct tracer_model *t);

/**
 * tracer_group() - find calls that belong together
 * @t: the model
 * @experiment: name
 * @level: as in struct traced
 * @module: NULL: any
 *
 * Return: the first, or NULL.
 */
const struct traced *tracer_group(const struct tracer_model *t, const char *experiment, int level,
				  const char *module);

/**
 * tracer_enough() - whether a block has unloads enough for a median
 * @w: the block
 *
 * Return: true if it has.
 */
bool tracer_enough(const struct watched *w);

/**
 * tracer_overhead() - an arm over "none", block by block
 * @t: the model
 * @arm: the tracer
 * @s: filled with the summary of the ratios of the blocks' medians
 *
 * Return: false where there is no such arm.
 */
bool tracer_overhead(const struct tracer_model *t, const char *arm, struct stats_summary *s);

/**
 * tracer_counted() - what an arm takes on the CPU, by the clock that counts instructions
 * @t: the model
 * @arm: the tracer
 *
 * Return: the arm, or NULL.
 */
const struct watched *tracer_counted(const struct tracer_model *t, const char *arm);

/**
 * tracer_startup() - how long a tool takes to begin
 * @t: the model
 * @tool: name
 *
 * Return: the tool, or NULL.
 */
const struct startup *tracer_startup(const struct tracer_model *t, const char *tool);

/**
 * tracer_hits() - runs of a tracer's programs in a load and an unload
 * @t: the model
 * @arm: the tracer
 *
 * Return: how many; NAN where not counted.
 */
double tracer_hits(const struct tracer_model *t, const char *arm);

#endif
