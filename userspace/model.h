/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A results directory read back: samples gathered into cells, unloads into arms, with their statistics.
 * Tables, figure data and RESULTS.md are all made from this, so that they cannot disagree.
 */
#ifndef REFCOST_MODEL_H
#define REFCOST_MODEL_H

#include <stdbool.h>
#include <stddef.h>

#include "results.h"
#include "stats.h"

#define MODEL_NAME 64

/**
 * struct series - numbers that belong together
 * @v: they
 * @n: how many
 * @s: their summary, made by model_read()
 */
struct series {
	double *v;
	size_t n;
	struct stats_summary s;
};

/**
 * struct cell - all samples of one scheme, mode and CPU count
 * @scheme: its name
 * @mode: "getput" or "lookup"
 * @floor: the scheme is a floor
 * @cpus: workers
 * @oversubscribed: more workers than CPUs that really run in parallel
 * @ns: ns per operation and CPU while it ran, one a block
 * @lost: share of the window that workers lost to gaps, one a block
 * @mops: million operations a second, all CPUs together
 * @fair: slowest over fastest worker, one a block
 * @flagged: samples whose windows overlapped too little
 * @steady: no drift over the blocks
 * @drift: median of the second half over that of the first, NAN where too few
 */
struct cell {
	char scheme[MODEL_NAME];
	char mode[16];
	bool floor;
	int cpus;
	bool oversubscribed;
	struct series ns;
	struct series lost;
	struct series mops;
	struct series fair;
	size_t flagged;
	bool steady;
	double drift;
};

/**
 * struct arm - all unloads of one scheme, idle or loaded
 * @scheme: its name
 * @arm: "idle" or "loaded"
 * @workers: load workers
 * @cycles: unloads tried
 * @gone: unloads that succeeded within the attempts allowed
 * @success_ms: first attempt to gone, ms
 * @rmmod_ms: gate + delete_module of the successful attempt, ms
 * @gate_us: its gate, us
 * @delete_ms: its delete_module(2), ms
 * @attempts: how many each unload took
 * @stall_us: longest gap between two lookups of a worker during the unload, us
 * @calm_us: the same before it, us
 * @response_ms: from the intended start (open loop only), ms
 * @failed: refused gets, all unloads
 * @spurious: those of attempts that then reported busy
 * @violations: calls into text already given up; anything but 0 is a failure
 * @records: trace records of successful unloads
 */
struct arm {
	char scheme[MODEL_NAME];
	char arm[16];
	int workers;
	size_t cycles, gone;
	struct series success_ms, rmmod_ms, gate_us, delete_ms, attempts, stall_us, calm_us,
		response_ms;
	double failed, spurious, violations, records;
};

/**
 * struct phase - one phase of delete_module(2) in one arm
 * @scheme: its name
 * @arm: "idle" or "loaded"
 * @index: place in the order of phases; not all are passed in every unload
 * @label: what it is
 * @merged: unloads in which it also holds phases that could not be told from it
 * @us: time, us
 * @off_us: of which not on a CPU, us
 */
struct phase {
	char scheme[MODEL_NAME];
	char arm[16];
	int index;
	char label[MODEL_NAME];
	size_t merged;
	struct series us, off_us;
};

struct model {
	struct results results;
	struct cell *cells;
	size_t nr_cells;
	struct arm *arms;
	size_t nr_arms;
	struct phase *phases;
	size_t nr_phases;
};

/**
 * model_read() - read a results directory
 * @m: filled; free with model_free(). A CSV file that is not there leaves its part empty.
 * @dir: path
 *
 * Return: EXIT_FINE, or EXIT_FAILED after a line that says what is wrong.
 */
int model_read(struct model *m, const char *dir);

void model_free(struct model *m);

/**
 * model_cell() - find a cell
 * @m: the model
 * @scheme: name
 * @mode: "getput" or "lookup"
 * @cpus: workers
 *
 * Return: the cell or NULL.
 */
const struct cell *model_cell(const struct model *m, const char *scheme, const char *mode,
			      int cpus);

/**
 * model_arm() - find an arm
 * @m: the model
 * @scheme: name
 * @arm: "idle" or "loaded"
 *
 * Return: the arm or NULL.
 */
const struct arm *model_arm(const struct model *m, const char *scheme, const char *arm);

/**
 * model_max_cpus() - the largest number of CPUs measured
 * @m: the model
 * @mode: "getput" or "lookup"
 *
 * Return: that number, or 0 if nothing was measured in this mode.
 */
int model_max_cpus(const struct model *m, const char *mode);

/**
 * model_get() - a member of run.json, down a path of names
 * @m: the model
 * @path: names with dots between them
 *
 * Return: the object (borrowed) or NULL.
 */
struct json_object *model_get(const struct model *m, const char *path);

/**
 * model_text() - the same as text
 * @m: the model
 * @path: names with dots between them
 *
 * Return: the text, or "not available".
 */
const char *model_text(const struct model *m, const char *path);

/**
 * model_print_run() - the table that refcost run ends with
 * @m: the model
 * @out: where to
 */
void model_print_run(const struct model *m, FILE *out);

/**
 * model_print_unload() - the tables that refcost unload ends with
 * @m: the model
 * @out: where to
 */
void model_print_unload(const struct model *m, FILE *out);

#endif
