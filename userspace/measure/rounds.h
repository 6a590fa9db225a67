/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The cells of a plan, round after round: refcost run calls a round a block, the others a cycle.
 * Each has an order of its own, drawn from the seed; what a results directory has already is left
 * out. The same plan can be told without being measured.
 */
#ifndef REFCOST_MEASURE_ROUNDS_H
#define REFCOST_MEASURE_ROUNDS_H

#include <gsl/gsl_rng.h>
#include <stdbool.h>

#include "machine/suite.h"
#include "measure/dry_run.h"
#include "results/resume.h"

struct placement;

/**
 * struct cell_plan - what is measured once in each of the first rounds
 * @key: what tells it apart
 * @scheme: its scheme
 * @placement: the CPUs of its workers, where several are compared; else NULL
 * @rounds: how many
 */
struct cell_plan {
	struct cell_key key;
	const struct scheme_desc *scheme;
	const struct placement *placement;
	uint64_t rounds;
};

/**
 * struct rounds - a plan, and where measuring it stands
 * @what: what measuring a cell once is called: "unload"
 * @cells: of the plan
 * @nr_cells: how many
 * @rounds: of the cell that takes part in most
 * @total: how often a cell is measured, in all
 * @seed: of the orders
 * @in_order: each round has the order of the plan
 * @done: what a results directory has already
 * @finished: how often a cell was measured, now or before
 * @started_ns: when
 */
struct rounds {
	const char *what;
	struct cell_plan *cells;
	size_t nr_cells;
	uint64_t rounds;
	size_t total;
	uint64_t seed;
	bool in_order;
	struct done done;
	size_t finished;
	uint64_t started_ns;
};

/**
 * rounds_room() - make room for a plan
 * @r: without cells
 * @most: cells that it may get
 *
 * Return: EXIT_FINE, or EXIT_FAILED after a line.
 */
int rounds_room(struct rounds *r, size_t most);

/**
 * rounds_add() - add a cell
 * @r: with room for it
 * @cell: copied; its key gets the name of its scheme
 */
void rounds_add(struct rounds *r, const struct cell_plan *cell);

/** typedef rounds_measure - measure a cell in the round of that number, and write its rows */
typedef int rounds_measure(const struct cell_plan *cell, uint64_t number, void *arg);

/**
 * rounds_cell() - measure a cell, unless it has no part in this round or is done already
 * @r: the plan
 * @cell: one of its cells
 * @number: of the round
 * @each: measures it
 * @arg: for @each
 *
 * Return: EXIT_FINE, EXIT_FAILED if the user has interrupted, or what @each returns.
 */
int rounds_cell(struct rounds *r, const struct cell_plan *cell, uint64_t number,
		rounds_measure *each, void *arg);

/**
 * rounds_order() - the order of the next round
 * @r: the plan
 * @rng: from order_begin(), of its own: nothing else may be drawn from it
 * @order: filled: numbers of the cells
 */
void rounds_order(const struct rounds *r, gsl_rng *rng, size_t *order);

/**
 * rounds_go() - measure all that is not done already
 * @r: the plan, with what is done
 * @each: measures a cell
 * @arg: for @each
 *
 * Return: EXIT_FINE, or the first other exit code of rounds_cell().
 */
int rounds_go(struct rounds *r, rounds_measure *each, void *arg);

/**
 * rounds_interrupted() - if the user has interrupted, say how far it came and where it is kept
 * @r: the plan
 * @results: where it is kept
 */
void rounds_interrupted(const struct rounds *r, const struct results *results);

/**
 * struct estimate - of measuring a cell once
 * @name: what the cell is called
 * @ms: how long it takes
 * @most_ms: and at the most
 */
struct estimate {
	char name[128];
	double ms, most_ms;
};

/** typedef rounds_estimate - what to tell of a cell; @most_ms is set to 0 before, and then as @ms */
typedef void rounds_estimate(const struct cell_plan *cell, struct estimate *e, void *arg);

/**
 * rounds_dry() - print the cells in the order of the first round
 * @r: the plan, with what is done
 * @d: takes them into account
 * @estimate: fills in a cell's estimate
 * @arg: for @estimate
 */
void rounds_dry(const struct rounds *r, struct dry_run *d, rounds_estimate *estimate, void *arg);

/**
 * rounds_free() - forget the plan
 * @r: with or without cells
 */
void rounds_free(struct rounds *r);

#endif
