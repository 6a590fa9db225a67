/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A results directory read back: samples gathered into cells, unloads into arms, with their
 * statistics. Tables, figure data and RESULTS.md are all made from this, so that they cannot
 * disagree.
 */
#ifndef REFCOST_MODEL_MODEL_H
#define REFCOST_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>

#include "model/objects.h"
#include "model/tracer.h"
#include "results/directory.h"
#include "results/key.h"
#include "stats/series.h"

#define MODEL_NAME	  64
#define MODEL_TEXT	  160

#define MODEL_APART	  3  /* windows on one CPU that make a sample */
#define MODEL_APART_LEAST 18 /* blocks that a run has for that */

/**
 * struct scheme - one scheme that the directory holds data of
 * @name: what the command line calls it
 * @family: what it is compared with: floor, percpu, module, object, release or section; where the
 *	directory has no schemes.csv, floor or schemes
 * @what: what it is, "" where not known
 * @from: mail and date, or kernel version
 * @busy: what an unload does that finds users
 * @roles: what a report has to know of it, words with blanks between them
 * @floors: floors that its get and put are made of, likewise
 * @floor: it protects nothing
 * @rank: of the family: 0: floors, others from 1 in the order in which they come
 * @slot: place within the family, from 1
 * @place: for sorting
 * @used: for reading
 */
struct scheme {
	char name[MODEL_NAME];
	char family[16];
	char what[MODEL_TEXT], from[MODEL_TEXT], busy[MODEL_TEXT];
	char roles[MODEL_TEXT], floors[MODEL_TEXT];
	bool floor;
	int rank, slot;
	size_t place;
	bool used;
};

/**
 * struct cell - all samples of one scheme, mode, CPU count, hold, placement and layout
 * @key: which
 * @floor: the scheme is a floor
 * @place: of its layout and placement in the plan, 0 for the first of both
 * @base: @place is 0, and the hold is the least of this mode
 * @counter_node: NUMA node of the count, -1 where not known
 * @oversubscribed: more workers than CPUs that really run in parallel
 * @kinds: kinds of CPUs (fast, efficient) that its workers were on; 1 where not known
 * @windows: how many there were
 * @ns: ns per operation and CPU while it ran, one a block; on one CPU of its short batches, and
 *	where the run has blocks enough, the least of MODEL_APART windows
 * @mean: the same of all batches
 * @block: the block that each of @ns comes from, or the first of its windows
 * @lost: share of the window that workers lost to gaps, one a block
 * @mops: million operations a second, all CPUs together
 * @fair: slowest over fastest worker, one a block
 * @flagged: samples whose windows overlapped too little
 * @steady: no drift over the blocks
 * @drift: median of the second half over that of the first, NAN where too few
 */
struct cell {
	struct cell_key key;
	bool floor;
	size_t place;
	bool base;
	int counter_node;
	bool oversubscribed;
	int kinds;
	size_t windows;
	struct series ns, block;
	struct series mean;
	struct series lost;
	struct series mops;
	struct series fair;
	size_t flagged;
	bool steady;
	double drift;
};

/**
 * struct arm - all unloads of one scheme, idle or loaded, with one hold
 * @key: which
 * @base: the hold is the least of this arm, the one that everything but the sweep of holds is about
 * @workers: load workers
 * @cycles: unloads tried
 * @gone: unloads that succeeded within the attempts allowed; the others were starved
 * @success_ms: first attempt to gone, ms
 * @wait_ms: the same, and for a starved unload the time until it was given up; its median is that
 *	of the time to success as long as less than half were starved
 * @tried_ms: time until it was given up, starved unloads alone
 * @rmmod_ms: gate + delete_module of the successful attempt, ms
 * @gate_us: its gate, us
 * @delete_ms: its delete_module(2), ms
 * @attempts: how many each unload took
 * @stall_us: longest gap between two lookups of a worker during the unload, us
 * @calm_us: the same before it, us
 * @bystander_us: as @stall_us, of the worker that uses another module of the subsystem
 * @bystander_calm_us: as @calm_us, of that worker
 * @response_ms: from the intended start (open loop only), ms
 * @ops: lookups of the users, all unloads
 * @failed: those of them that got no reference
 * @refused: those of @failed that found the object, NAN where not recorded
 * @spurious: those of attempts that then reported busy
 * @bystander_ops: lookups of the bystander, NAN where there was none
 * @bystander_failed: those of them that got no reference
 * @violations: calls into text already given up; anything but 0 is a failure
 * @records: trace records of successful unloads
 */
struct arm {
	struct cell_key key;
	bool base;
	int workers;
	size_t cycles, gone;
	struct series success_ms, wait_ms, tried_ms, rmmod_ms, gate_us, delete_ms, attempts,
		stall_us, calm_us, bystander_us, bystander_calm_us, response_ms;
	double ops, failed, refused, spurious, bystander_ops, bystander_failed, violations, records;
};

/**
 * struct phase - one phase of delete_module(2) in one arm, at its least hold
 * @key: of the arm
 * @index: place in the order of phases; not all are passed in every unload
 * @label: what it is
 * @merged: unloads in which it also holds phases that could not be told from it
 * @us: time, us
 * @off_us: of which not on a CPU, us
 */
struct phase {
	struct cell_key key;
	int index;
	char label[MODEL_NAME];
	size_t merged;
	struct series us, off_us;
};

/**
 * struct count - instructions of one operation
 * @key: which
 * @instructions: exact, the harness included
 */
struct count {
	struct cell_key key;
	double instructions;
};

/**
 * struct loading - loads of the victim with users waiting for it, one scheme and way to initialise
 * @key: which
 * @workers: users
 * @cycles: loads
 * @hit: loads in which a get was refused
 * @refused: lookups that found an object and were refused, each load
 * @window_us: from listed to live, us
 * @load_ms: of init_module(2), ms
 * @violations: calls into text given up
 */
struct loading {
	struct cell_key key;
	int workers;
	size_t cycles, hit;
	struct series refused, window_us, load_ms;
	double violations;
};

/**
 * struct counter - an event in all windows of one scheme, mode and number of CPUs, at the least
 * hold
 * @key: of the cell
 * @event: its name, as perf has it
 * @rank: of the event, in the order asked for
 * @per_op: of one operation, one a block
 * @share: least part of its time for which it was counted; under 1 it took turns with others
 * @uncounted: windows in which a worker's was never counted
 */
struct counter {
	struct cell_key key;
	char event[32];
	int rank;
	struct series per_op;
	double share;
	size_t uncounted;
};

struct counters_model {
	struct counter *v;
	size_t n;
};

/*
 * Schemes by family; everything else in the order of the schemes. Behind the @nr_cells cells of the
 * least hold, which almost everything is about, lie the @nr_held of longer ones, and behind those
 * the
 * @nr_elsewhere of other placements and layouts than the first, in the order of the plan.
 */
struct model {
	struct results results;
	struct scheme *schemes;
	size_t nr_schemes;
	struct cell *cells;
	size_t nr_cells, nr_held, nr_elsewhere;
	struct arm *arms;
	size_t nr_arms;
	struct phase *phases;
	size_t nr_phases;
	struct count *counts;
	size_t nr_counts;
	struct loading *loadings;
	size_t nr_loadings;
	struct counters_model counters;
	struct tracer_model tracer;
	struct objects_model objects;
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
 * model_check() - is a run what its run.json says?
 * @m: the run
 *
 * A part that is complete holds every cell of its plan, with as many samples as planned, and no
 * time is 0 or negative: else a file was cut short or edited.
 *
 * Return: EXIT_FINE, or EXIT_FAILED after a line.
 */
int model_check(const struct model *m);

/**
 * model_cell() - find a cell of the least hold
 * @m: the model
 * @scheme: name
 * @mode: of its operations
 * @cpus: workers
 *
 * Return: the cell or NULL.
 */
const struct cell *model_cell(const struct model *m, const char *scheme, enum refcost_mode mode,
			      int cpus);

/**
 * model_held() - find a cell of any hold
 * @m: the model
 * @scheme: name
 * @mode: of its operations
 * @cpus: workers
 * @hold_ns: the hold
 *
 * Return: the cell or NULL.
 */
const struct cell *model_held(const struct model *m, const char *scheme, enum refcost_mode mode,
			      int cpus, double hold_ns);

/**
 * model_placed() - find a cell of any placement and layout, with the least hold
 * @m: the model
 * @like: one of this or another model, whose scheme, mode and CPUs it has
 * @placement: which
 * @layout: which
 *
 * Return: the cell or NULL.
 */
const struct cell *model_placed(const struct model *m, const struct cell *like,
				enum placement_kind placement, enum refcost_layout layout);

/**
 * model_all_cells() - how many cells there are of any hold, placement and layout
 * @m: the model
 */
size_t model_all_cells(const struct model *m);

/**
 * model_longer_hold() - go through the holds of a mode, ascending
 * @m: the model
 * @mode: of its operations
 * @after: the last one, -1 to begin
 *
 * Return: the least hold of any cell that is longer than @after, ns; NAN where there is none.
 */
double model_longer_hold(const struct model *m, enum refcost_mode mode, double after);

/**
 * model_scheme() - find a scheme
 * @m: the model
 * @name: its name
 *
 * Return: the scheme or NULL.
 */
const struct scheme *model_scheme(const struct model *m, const char *name);

/**
 * model_has_role() - does a scheme have a role in reports?
 * @s: the scheme
 * @role: as REFCOST_REPORT() has them
 */
bool model_has_role(const struct scheme *s, const char *role);

/**
 * model_role() - find the scheme that has a role
 * @m: the model
 * @role: as REFCOST_REPORT() has them
 *
 * Return: the first scheme that has it, or NULL.
 */
const struct scheme *model_role(const struct model *m, const char *role);

/**
 * model_family() - what a family is called
 * @family: as in schemes.csv
 *
 * Return: some words, without a dot.
 */
const char *model_family(const char *family);

/**
 * model_arm() - find an arm at its least hold
 * @m: the model
 * @scheme: name
 * @arm: of its unloads
 *
 * Return: the arm or NULL.
 */
const struct arm *model_arm(const struct model *m, const char *scheme, enum cell_arm arm);

/**
 * model_arm_at() - find an arm with a given hold
 * @m: the model
 * @scheme: name
 * @arm: of its unloads
 * @hold_ns: the hold
 *
 * Return: the arm or NULL.
 */
const struct arm *model_arm_at(const struct model *m, const char *scheme, enum cell_arm arm,
			       double hold_ns);

/**
 * model_success() - the time to success of an arm, starved unloads included
 * @a: the arm, or NULL
 *
 * Return: the summary of @wait_ms, whose median counts a starved unload as longer than all it was
 * given; NULL where half of the unloads or more were starved, so that no median is known.
 */
const struct stats_summary *model_success(const struct arm *a);

/**
 * model_next_hold() - go through the holds of an arm, ascending
 * @m: the model
 * @arm: of its unloads
 * @after: the last one, -1 to begin
 *
 * Return: the least hold of any scheme that is longer than @after, ns; NAN where there is none.
 */
double model_next_hold(const struct model *m, enum cell_arm arm, double after);

/**
 * model_instructions() - instructions of one operation
 * @m: the model
 * @scheme: name
 * @mode: of its operations
 *
 * Return: the count, or NAN where it was not taken.
 */
double model_instructions(const struct model *m, const char *scheme, enum refcost_mode mode);

/**
 * model_loading() - find the loads of a scheme
 * @m: the model
 * @scheme: name
 * @form: of registration
 *
 * Return: them or NULL.
 */
const struct loading *model_loading(const struct model *m, const char *scheme, enum cell_form form);

/**
 * model_at() - the sample of one block
 * @c: cell
 * @block: number of the block
 *
 * Return: ns per operation, or NAN where the block has no such sample.
 */
double model_at(const struct cell *c, double block);

/**
 * model_joined() - how many windows make a sample on one CPU
 * @m: the model
 *
 * Return: MODEL_APART, or 1 where each window is a sample.
 */
int model_joined(const struct model *m);

/**
 * model_max_cpus() - the largest number of CPUs measured that really run in parallel
 * @m: the model
 * @mode: of its operations
 *
 * What is compared with one CPU is compared at this number: oversubscribed cells are shown, and no
 * more.
 *
 * Return: that number, or 0 if there is none in this mode.
 */
int model_max_cpus(const struct model *m, enum refcost_mode mode);

/**
 * model_crowded() - did the whole machine have more CPUs than really run in parallel?
 * @m: the model
 *
 * An unload then waits for the time slices of virtual CPUs that wait for it, whatever runs:
 * stop_machine() takes many times as long. No unload of such a machine is compared with another.
 */
bool model_crowded(const struct model *m);

/**
 * model_next_cpus() - go through the numbers of CPUs measured, ascending
 * @m: the model
 * @mode: of its operations
 * @after: the last one, 0 to begin
 *
 * Return: the next number, or 0 where there is none.
 */
int model_next_cpus(const struct model *m, enum refcost_mode mode, int after);

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
 * model_print_counters() - what was counted, in a table that comes after the one of the run
 * @m: the model
 * @out: where to
 */
void model_print_counters(const struct model *m, FILE *out);

/**
 * model_print_loading() - the table of loads with users waiting
 * @m: the model
 * @out: where to
 */
void model_print_loading(const struct model *m, FILE *out);

/**
 * model_print_unload() - the tables that refcost unload ends with
 * @m: the model
 * @out: where to
 */
void model_print_unload(const struct model *m, FILE *out);

#endif
