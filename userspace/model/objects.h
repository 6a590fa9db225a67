/* SPDX-License-Identifier: GPL-2.0 */
/* What schemes cost for each object that a module has. Part of struct model. */
#ifndef REFCOST_MODEL_OBJECTS_H
#define REFCOST_MODEL_OBJECTS_H

#include <stddef.h>
#include <stdio.h>

#include "results/key.h"
#include "stats/series.h"

/**
 * struct of_objects - unloads of one scheme with some number of objects
 * @key: which
 * @cycles: unloads
 * @create_us: setting up the counts of all objects, us
 * @gate_us: the scheme's own step, us
 * @destroy_us: releasing the objects and taking their counts down, us
 * @success_ms: first attempt to gone, ms
 * @slab_bytes: that the binding took from slabs; NAN where nothing was counted, as all below
 * @percpu_bytes: that it took per CPU, of one CPU
 * @waits: for grace periods during the unload
 * @callbacks: of RCU that the unload queued
 */
struct of_objects {
	struct cell_key key;
	size_t cycles;
	struct series create_us, gate_us, destroy_us, success_ms;
	double slab_bytes, percpu_bytes, waits, callbacks;
};

struct objects_model {
	struct of_objects *v;
	size_t n;
};

/**
 * struct objects_cost - what one object more costs
 * @slab_bytes: beside the object itself
 * @percpu_bytes: of one CPU
 * @waits: for grace periods during the unload
 * @callbacks: of RCU that the unload queues
 * @create_ns: time to set its count up
 * @gate_ns: how much longer the gate takes
 * @destroy_ns: time to release it and take its count down
 *
 * NAN where it is not known; of times, also where the intervals of the medians overlap.
 */
struct objects_cost {
	double slab_bytes, percpu_bytes, waits, callbacks;
	double create_ns, gate_ns, destroy_ns;
};

/**
 * objects_add() - take a row of objects.csv
 * @o: the model
 * @r: the row
 *
 * Return: 0 or -errno.
 */
int objects_add(struct objects_model *o, const struct row *r);

/**
 * objects_summarise() - fill the summaries, once all rows are in
 * @o: the model; its cells are in the order of their numbers of objects afterwards
 *
 * Return: as series_summarise().
 */
int objects_summarise(struct objects_model *o);

void objects_free(struct objects_model *o);

/**
 * objects_of() - find the unloads of a scheme
 * @o: the model
 * @scheme: name
 * @objects: how many the victim has
 *
 * Return: them, or NULL.
 */
const struct of_objects *objects_of(const struct objects_model *o, const char *scheme, int objects);

/**
 * objects_next() - the numbers of objects that there are
 * @o: the model
 * @objects: the last one, 0 to begin
 *
 * Return: the next larger, 0 at the end.
 */
int objects_next(const struct objects_model *o, int objects);

/**
 * objects_cost() - from the difference between the most objects and the fewest
 * @o: the model
 * @scheme: name
 * @cost: filled
 */
void objects_cost(const struct objects_model *o, const char *scheme, struct objects_cost *cost);

/**
 * objects_print() - the table for a terminal
 * @o: the model
 * @out: where to; nothing if there are none
 */
void objects_print(const struct objects_model *o, FILE *out);

#endif
