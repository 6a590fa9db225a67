/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What refcost trace saw in a results directory: unloads by phase in some experiments, apart from
 * any scheme. Part of struct model.
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

struct tracer_model {
	struct traced *traced;
	size_t nr_traced;
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

#endif
