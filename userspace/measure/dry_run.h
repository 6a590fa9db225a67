/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a measurement is going to do and how long that will take, without doing it: --dry-run of
 * the experiments. Needs no root and no module support.
 */
#ifndef REFCOST_MEASURE_DRY_RUN_H
#define REFCOST_MEASURE_DRY_RUN_H

#include <stddef.h>
#include <stdint.h>

#include "results/resume.h"

/**
 * struct pace - what measuring takes beside what was asked for, ms
 * @start: of the command: what the machine and the modules are, opening and closing the results
 * @cell: a window beside its warm-up and itself: threads, barrier, copying out
 * @counts: a count of instructions
 * @block: loading and unloading the modules
 * @attach: attaching the tracer, and taking it off
 * @idle: loading the victim and unloading it, gap included
 * @loaded: the same under load
 * @load: the same, loaded under users' eyes
 */
struct pace {
	double start, cell, counts, block, attach, idle, loaded, load;
};

/**
 * dry_run_pace() - of this kind of machine
 *
 * Return: it.
 */
const struct pace *dry_run_pace(void);

#define DRY_RUN_ASSUMED 192

/**
 * struct dry_run - what is known of a plan so far
 * @what: what is counted: windows, unloads
 * @worst: when it takes the longest
 * @assumed: what the estimate of the time rests on
 * @seed: of the order
 * @cells: cells
 * @total: how often one of them is measured
 * @done: of which are finished already
 * @ms: how long the rest takes
 * @most_ms: and how long at the most
 */
struct dry_run {
	const char *what;
	const char *worst;
	char assumed[DRY_RUN_ASSUMED];
	uint64_t seed;
	size_t cells;
	uint64_t total, done;
	double ms, most_ms;
};

/**
 * dry_run_look() - what a results directory has of the plan, without changing it
 * @dir: the directory, or NULL; one that is not there has nothing
 * @part: of run.json
 * @plan: as it would be run; its reference is taken over
 * @file: that has one row per cell
 * @dims: what it tells cells apart by
 * @done: filled; free with done_free()
 *
 * Return: EXIT_FINE, or EXIT_FAILED after a line, where the directory would be refused.
 */
int dry_run_look(const char *dir, const char *part, struct json_object *plan, const char *file,
		 int dims, struct done *done);

/**
 * dry_run_cell() - print a cell, and take it into account
 * @d: the plan
 * @name: what it is called
 * @times: how often it is measured
 * @done: of which so many are finished
 * @ms: how long one of them takes
 * @most_ms: and how long at the most
 */
void dry_run_cell(struct dry_run *d, const char *name, uint64_t times, uint64_t done, double ms,
		  double most_ms);

/**
 * dry_run_beside() - what else takes time, however often the cells are measured
 * @d: the plan
 * @ms: how long
 */
void dry_run_beside(struct dry_run *d, double ms);

/**
 * dry_run_end() - print what the plan comes to, its command's start included, and what that
 * estimate rests on
 * @d: the plan
 */
void dry_run_end(struct dry_run *d);

#endif
