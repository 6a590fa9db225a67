/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parts of refcost init: what was asked for (cmd.c), the plan made of it (plan.c), its
 * cycles (cells.c), and what is said at the end (print.c).
 */
#ifndef REFCOST_MEASURE_INIT_PARTS_H
#define REFCOST_MEASURE_INIT_PARTS_H

#include <gsl/gsl_rng.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/csv.h"
#include "machine/suite.h"
#include "measure/rounds.h"
#include "measure/users.h"

/* What was asked for. */
struct load_opts {
	const char *schemes;
	const char *output;
	bool forms[FORMS];
	uint64_t workers;
	uint64_t cycles;
	uint64_t seed;
	bool strict;
	bool dry_run;
};

/*
 * Where a run of loads stands. The module alone knows its cells: there are none before
 * load_measure().
 */
struct loads {
	struct load_opts opts;
	struct schemes schemes;
	struct rounds rounds;
	struct users users;
	struct results results;
	struct json_object *section;
	FILE *rows;
	gsl_rng *rng;
	uint32_t hz;
	int fd;
	size_t starved, early;
};

/**
 * load_cell() - a cell of the plan
 * @l: with its options
 * @scheme: its scheme
 * @form: of registration
 */
struct cell_plan load_cell(const struct loads *l, const struct scheme_desc *scheme,
			   enum cell_form form);

/**
 * load_plan_json() - the plan as it stands in run.json
 * @l: with its options, schemes and users
 *
 * Return: a new object.
 */
struct json_object *load_plan_json(const struct loads *l);

/**
 * load_dry() - tell what would be measured, and how long it takes
 * @l: with its options, schemes and users
 *
 * Return: EXIT_FINE, or another exit code after a line.
 */
int load_dry(struct loads *l);

/**
 * load_measure() - all cycles of the plan that are not finished yet, and what they come to
 * @l: with its options, schemes and users; filled; nothing stays loaded
 *
 * Return: EXIT_FINE, or another exit code after a line.
 */
int load_measure(struct loads *l);

/**
 * load_finish() - write run.json, print the table and judge
 * @l: after the cycles
 * @err: what they returned
 *
 * Return: @err, or another exit code after a line.
 */
int load_finish(struct loads *l, int err);

#endif
