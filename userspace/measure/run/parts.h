/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parts of refcost run: what was asked for (cmd.c), the plan made of it (plan.c), measuring
 * its cells (cells.c), what is counted meanwhile (counters.c), and what is said at the end
 * (print.c).
 */
#ifndef REFCOST_MEASURE_RUN_PARTS_H
#define REFCOST_MEASURE_RUN_PARTS_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/csv.h"
#include "machine/events.h"
#include "machine/suite.h"
#include "measure/layout.h"
#include "measure/placement.h"
#include "measure/rounds.h"
#include "refcost_uapi.h"

#define MAX_CPUS  PLACEMENT_CPUS
#define MAX_HOLDS 16

/* What is taken out of the time of a window. */
enum gaps {
	GAPS_KNOWN, /* when the kernel says that a worker did not run */
	GAPS_LONG,  /* batches far longer than the shortest, where the kernel cannot say */
	GAPS_RULES,
};

extern const char *const gaps_names[GAPS_RULES];

/* What was asked for. */
struct env {
	const char *schemes;
	const char *output;
	int counts[MAX_CPUS];
	size_t nr_counts;
	int list[MAX_CPUS];
	size_t nr_list;
	bool modes[REFCOST_MODES];
	struct placements placements;
	struct layouts layouts;
	uint64_t blocks;
	uint64_t holds[MAX_HOLDS];
	size_t nr_holds;
	const char *hold_schemes;
	uint64_t hold_blocks;
	uint64_t objects;
	uint64_t warmup_ns;
	uint64_t window_ns;
	enum gaps gaps;
	bool gaps_asked;
	uint64_t max_blocks; /* 0: all of them */
	uint64_t seed;
	bool strict;
	bool instructions;
	bool keep;
	bool dry_run;
	const char *perf_control;
	const char *counters;
	struct events events;
};

extern struct env env;

struct plan {
	struct schemes schemes;
	struct rounds rounds; /* blocks */
	int max_count;
	int host_cpus;
};

/* Where a run stands. */
struct run {
	struct plan plan;
	struct results results;
	struct json_object *section;
	FILE *rows; /* of workers, or of counts of instructions */
	FILE *counters;
	/* of a window: */
	struct refcost_worker_result *by_worker;
	struct refcost_event_count *counts;
	uint32_t *times; /* of batches, one row per worker */
	int fd;
	uint64_t inside_ns;
	uint64_t measuring_ns;
	size_t measured; /* windows, now */
};

/**
 * plan_make() - what to measure, by what was asked for and what this machine has
 * @p: filled; its rounds and schemes are to be freed, also after a failure
 *
 * Return: EXIT_FINE, or another exit code after a line.
 */
int plan_make(struct plan *p);

/**
 * plan_json() - the plan as it stands in run.json
 * @p: from plan_make()
 *
 * Return: a new object.
 */
struct json_object *plan_json(const struct plan *p);

/**
 * run_dry() - tell what would be measured, and how long it takes
 * @r: with its plan
 *
 * Return: EXIT_FINE, or another exit code after a line.
 */
int run_dry(struct run *r);

/**
 * open_output() - make or reopen the results directory, and see which cells are finished in it
 * @r: with its plan; filled
 *
 * Return: EXIT_FINE, or EXIT_FAILED after a line.
 */
int open_output(struct run *r);

/**
 * measure() - the cells of the plan that are not finished yet, all or those of some blocks
 * @r: with its plan and output
 *
 * Return: EXIT_FINE, or another exit code after a line.
 */
int measure(struct run *r);

/**
 * counters_open() - where counts go, if some are asked for
 * @r: with its results
 *
 * Return: EXIT_FINE, or EXIT_FAILED after a line.
 */
int counters_open(struct run *r);

/**
 * counters_close() - count no more
 * @r: after counters_open(), or not
 */
void counters_close(struct run *r);

/**
 * counters_ask() - have the module count what was asked for
 * @run: the sample that it is going to measure
 * @counts: room for as many as there are workers and events
 */
void counters_ask(struct refcost_run *run, struct refcost_event_count *counts);

/**
 * counters_write() - the counts of a window; the first time an event is refused a line says why
 * @r: the run
 * @block: of the window
 * @c: its cell
 * @w: its workers
 * @counts: as in counters_ask()
 *
 * Return: EXIT_FINE, or EXIT_FAILED after a line.
 */
int counters_write(struct run *r, uint64_t block, const struct cell_plan *c,
		   const struct refcost_worker_result *w, const struct refcost_event_count *counts);

/**
 * finish() - write run.json, print the table and judge
 * @r: after measure()
 * @err: what that returned
 *
 * Return: @err, or another exit code after a line.
 */
int finish(struct run *r, int err);

/**
 * print_instructions() - the table of a run that counted instructions
 * @r: its results
 *
 * Return: EXIT_FINE, or EXIT_FAILED after a line.
 */
int print_instructions(const struct results *r);

#endif
