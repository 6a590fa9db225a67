/* SPDX-License-Identifier: GPL-2.0 */
/* counters.csv read back: what the kernel counted in the windows, an operation. */
#ifndef REFCOST_MODEL_COUNTERS_H
#define REFCOST_MODEL_COUNTERS_H

#include <json-c/json.h>
#include <stddef.h>

#include "model/model.h"

/* What run.json says of an event that was counted; of others it says why not. */
#define COUNTERS_COUNTED "counted"

/* A run counts no more events than this. */
#define COUNTERS_MOST 16

/**
 * counters_read() - read what was counted
 * @m: the model, whose cells are read; its counters are filled, and freed by counters_free()
 * @dir: results directory
 *
 * Return: EXIT_FINE, or EXIT_FAILED after a line.
 */
int counters_read(struct model *m, const char *dir);

/**
 * counters_sort() - by scheme, mode, CPUs and event
 * @m: the model, whose schemes are in their places
 */
void counters_sort(struct model *m);

void counters_free(struct counters_model *c);

/**
 * counters_find() - an event of a cell
 * @m: the model
 * @scheme: name
 * @mode: of its operations
 * @cpus: workers
 * @event: name
 *
 * Return: it or NULL.
 */
const struct counter *counters_find(const struct model *m, const char *scheme,
				    enum refcost_mode mode, int cpus, const char *event);

/**
 * counters_events() - the events that there are counts of
 * @m: the model
 * @events: their names, in the order asked for; room for COUNTERS_MOST
 *
 * Return: how many.
 */
size_t counters_events(const struct model *m, const char **events);

/**
 * counters_lacking() - why there is no count of an event
 * @m: the model
 * @event: name
 *
 * Return: the reason, or NULL where there is one in any window.
 */
const char *counters_lacking(const struct model *m, const char *event);

/**
 * counters_refused() - the one reason for which nothing at all was counted
 * @counted: run.counters of run.json
 *
 * Return: the reason, or NULL where something was counted or the reasons differ.
 */
const char *counters_refused(struct json_object *counted);

/**
 * counters_num() - a count an operation
 * @v: the count, not negative
 * @buf: filled
 * @len: its size
 *
 * What is rare keeps two digits, so that it does not look like nothing.
 *
 * Return: @buf.
 */
const char *counters_num(double v, char *buf, size_t len);

/**
 * counters_median() - the median of a count an operation, with its interval
 * @c: the counter, or NULL
 * @buf: filled
 * @len: its size
 *
 * Return: @buf, as "12.3 (11.9..14.0)", without the interval where the sample is too small for one,
 * or "-".
 */
const char *counters_median(const struct counter *c, char *buf, size_t len);

/**
 * counters_unit() - what stands behind an event's name
 * @event: name
 *
 * Return: " (ns)" of clocks, else "".
 */
const char *counters_unit(const char *event);

#endif
