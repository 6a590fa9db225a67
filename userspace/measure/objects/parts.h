/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parts of refcost objects: what was asked for (cmd.c), the plan made of it (plan.c), its
 * cycles (cells.c), what is counted of the first of each (count.c), and what is said at the end
 * (print.c).
 */
#ifndef REFCOST_MEASURE_OBJECTS_PARTS_H
#define REFCOST_MEASURE_OBJECTS_PARTS_H

#include <gsl/gsl_rng.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "machine/suite.h"
#include "measure/rounds.h"
#include "measure/users.h"

#define OBJECTS_COUNTS 16

/* What was asked for. */
struct objects_opts {
	const char *schemes;
	const char *output;
	int counts[OBJECTS_COUNTS];
	size_t nr_counts;
	uint64_t cycles;
	uint64_t seed;
	bool dry_run;
};

/* Where the cycles stand. */
struct objects {
	struct objects_opts opts;
	struct schemes schemes;
	struct rounds rounds;
	struct users users;
	struct results results;
	struct json_object *section;
	FILE *rows;
	gsl_rng *rng;
	uint32_t hz;
	int fd;
	bool counting;
};

/**
 * objects_plan_make() - which cells there are
 * @o: with its options; its schemes and cells are to be freed, also after a failure
 *
 * Return: EXIT_FINE, or another exit code after a line.
 */
int objects_plan_make(struct objects *o);

/**
 * objects_plan_json() - the plan as it stands in run.json
 * @o: with its plan
 *
 * Return: a new object.
 */
struct json_object *objects_plan_json(const struct objects *o);

/**
 * objects_dry() - tell what would be measured, and how long it takes
 * @o: with its plan
 *
 * Return: EXIT_FINE, or another exit code after a line.
 */
int objects_dry(struct objects *o);

/**
 * objects_measure() - all cycles of the plan that are not finished yet
 * @o: with its plan; nothing stays loaded
 *
 * Return: EXIT_FINE, or another exit code after a line.
 */
int objects_measure(struct objects *o);

/**
 * objects_finish() - write run.json and print the table
 * @o: after the cycles
 * @err: what they returned
 *
 * Return: @err, or another exit code after a line.
 */
int objects_finish(struct objects *o, int err);

#endif
