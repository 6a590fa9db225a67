/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parts of refcost unload: what was asked for (cmd.c), the plan made of it (plan.c),
 * its cycles (cells.c), what the tracer saw of them (trace.c), and what is said at the end
 * (print.c).
 */
#ifndef REFCOST_MEASURE_UNLOAD_PARTS_H
#define REFCOST_MEASURE_UNLOAD_PARTS_H

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
#include "refcost_uapi.h"
#include "trace/trace.h"

#define UNLOAD_HOLDS 16

/* What was asked for. */
struct unload_opts {
	const char *schemes;
	const char *output;
	uint64_t workers;
	bool arms[ARMS];
	uint64_t cycles;
	uint64_t hold_cycles;
	uint64_t attempts;
	uint64_t patience_ns;
	uint64_t holds[UNLOAD_HOLDS];
	size_t nr_holds;
	uint64_t objects;
	uint64_t seed;
	double rate;
	bool no_bystander;
	uint64_t think_ns;
	bool no_trace;
	bool histogram;
	bool strict;
	bool dry_run;
	enum trace_mech mech;
};

/* Where a run of unloads stands. */
struct unloads {
	struct unload_opts opts;
	struct schemes schemes;
	struct users users;
	struct rounds rounds;
	struct results results;
	struct json_object *section;
	FILE *cycles;
	FILE *phases;
	FILE *attempts;
	struct trace *trace;
	gsl_rng *rng;
	uint32_t hz;
	int fd;
	uint64_t next_ns;
	size_t unloaded, records, bad_sums;
	size_t starved;
	uint64_t bystander_failed;
};

/* One cycle and what is known about it so far. */
struct unload_cycle {
	struct unloads *u;
	uint64_t number;
	const struct cell_plan *cell;
	uint64_t workers;
	bool bystander;
	struct unloading unloading;
	uint64_t response_ns, gap_ns, load_ns;
	uint64_t failed, spurious;
	FILE *attempts; /* rows of attempts.csv, in memory until the unload is over */
	char *attempts_text;
	size_t attempts_len;
	struct refcost_load_stat stat;
	size_t records;
	uint64_t trace_ns;
};

/**
 * unload_plan_make() - which cells there are, by what was asked for and what this machine has
 * @u: with its options; its rounds and schemes are to be freed, also after a failure
 *
 * Return: EXIT_FINE, or another exit code after a line.
 */
int unload_plan_make(struct unloads *u);

/**
 * unload_plan_json() - the plan as it stands in run.json
 * @u: with its plan
 *
 * Return: a new object.
 */
struct json_object *unload_plan_json(const struct unloads *u);

/**
 * unload_dry() - tell what would be measured, and how long it takes
 * @u: with its plan
 *
 * Return: EXIT_FINE, or another exit code after a line.
 */
int unload_dry(struct unloads *u);

/**
 * unload_output() - make or reopen the results directory, and see which cycles are finished in it
 * @u: with its plan; filled
 *
 * Return: EXIT_FINE, or EXIT_FAILED after a line.
 */
int unload_output(struct unloads *u);

/**
 * unload_row() - begin a row with what it is of
 * @c: the cycle
 * @f: the table
 */
void unload_row(const struct unload_cycle *c, FILE *f);

/**
 * unload_measure() - all cycles of the plan that are not finished yet
 * @u: with its plan and output
 *
 * Nothing stays loaded; the tracer stays open, for its account.
 *
 * Return: EXIT_FINE, or another exit code after a line.
 */
int unload_measure(struct unloads *u);

/**
 * unload_trace_open() - watch unloads of the victim, if it was not forbidden
 * @u: its tracer is set; without one where this kernel or this build has none, and a line says so
 *
 * Return: EXIT_FINE, or EXIT_FAILED after a line.
 */
int unload_trace_open(struct unloads *u);

/**
 * unload_trace_collect() - write the phases of the unload that just ended
 * @c: its cycle, to which the records are added
 */
void unload_trace_collect(struct unload_cycle *c);

/**
 * unload_trace_skip() - the unload that just ended is no result: its users were stopped before
 * @u: with or without a tracer
 */
void unload_trace_skip(struct unloads *u);

/**
 * unload_trace_account() - put what the tracer says of itself into run.json
 * @u: with or without a tracer
 *
 * That is which mechanism served each boundary, and all that it may have missed.
 */
void unload_trace_account(struct unloads *u);

/**
 * unload_trace_sound() - did the tracer see every unload, whole and once?
 * @u: with or without a tracer
 *
 * Return: true if it did, or there is none.
 */
bool unload_trace_sound(const struct unloads *u);

/**
 * unload_trace_close() - watch no more
 * @u: with or without a tracer
 */
void unload_trace_close(struct unloads *u);

/**
 * unload_finish() - write run.json, print the table and judge
 * @u: after unload_measure()
 * @err: what that returned
 *
 * Return: @err, or another exit code after a line.
 */
int unload_finish(struct unloads *u, int err);

#endif
