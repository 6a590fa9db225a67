/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two results directories against each other, cell by cell. Ratios are B over A throughout: above
 * 1, B takes longer.
 */
#ifndef REFCOST_COMPARE_COMPARE_H
#define REFCOST_COMPARE_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "model/model.h"
#include "stats/bootstrap.h"

enum compare_what {
	COMPARE_TIME,	      /* ns an operation: mode, CPUs */
	COMPARE_UNLOAD,	      /* ms to success: arm, hold */
	COMPARE_INSTRUCTIONS, /* exact: mode */
	COMPARE_COUNTER,      /* events an operation: mode, CPUs, event */
	COMPARE_WHATS,
};

enum compare_verdict {
	COMPARE_NONE,	/* the interval spans 1; instructions: equal */
	COMPARE_FASTER, /* B takes less, and that is no chance */
	COMPARE_SLOWER,
	COMPARE_FEW, /* too few samples, or both starved: not judged */
	COMPARE_VERDICTS,
};

/**
 * struct compare_side - one run's part of a cell
 * @n: samples
 * @starved: unloads among them that never succeeded
 * @median: ns, ms, instructions or events; infinite where half of the unloads or more starved
 */
struct compare_side {
	size_t n, starved;
	double median;
};

/**
 * struct compare_cell - a cell that both runs measured
 * @what: what was measured
 * @key: which cell of B
 * @scheme: of B's model
 * @event: of counters its name; else ""
 * @several: of times: either run has several placements or layouts, so that they are shown
 * @elsewhere: those of the cell are not B's first
 * @a: one run
 * @b: the other
 * @ratio: @b over @a; of instructions without an interval
 * @verdict: what can be said
 * @regressed: slower, and by more than the threshold; of counters only where that was asked for
 * @oversubscribed: in either run, more workers than CPUs that really run in parallel
 * @unreliable: in either run, drift, or a window that overlapped too little
 * @multiplexed: in either run, the event was counted for a part of the time
 */
struct compare_cell {
	enum compare_what what;
	struct cell_key key;
	const struct scheme *scheme;
	const char *event;
	struct compare_side a, b;
	struct bootstrap ratio;
	enum compare_verdict verdict;
	bool several, elsewhere, regressed, oversubscribed, unreliable, multiplexed;
};

/**
 * compare_mode() - the mode of a cell, or its arm
 * @cell: the cell
 */
const char *compare_mode(const struct compare_cell *cell);

/**
 * compare_at() - what tells the cells of a scheme and mode apart
 * @cell: the cell
 *
 * Return: CPUs; of unloads the hold, ns; of instructions 0.
 */
double compare_at(const struct compare_cell *cell);

/**
 * struct compare_how - what to compare, and how
 * @leave_out: what is not
 * @schemes: names of those that are; NULL: all
 * @nr_schemes: how many
 * @events: names of those that are; NULL: all
 * @nr_events: how many
 * @counters_regress: a counter that rose has regressed
 * @seed: of the bootstrap
 * @threshold: a slower cell has regressed where its ratio is above 1 + this
 */
struct compare_how {
	bool leave_out[COMPARE_WHATS];
	const char **schemes;
	size_t nr_schemes;
	const char *const *events;
	size_t nr_events;
	bool counters_regress;
	unsigned long seed;
	double threshold;
};

/**
 * struct compare - all of them
 * @v: first times by mode, then unloads by arm, then instructions, then counters by mode and event;
 *	in
 *     each of these as B has them
 * @n: how many
 * @alone_a: cells that only A has, without those of events that only A has
 * @alone_b: cells that only B has, likewise
 */
struct compare {
	struct compare_cell *v;
	size_t n;
	size_t alone_a, alone_b;
};

/**
 * compare_environments() - were two runs made alike?
 * @a: one run
 * @b: the other
 * @how: where it leaves all but instructions out, only what these depend on counts
 * @out: what differs is written there: name and both values, with commas between
 *
 * All of the fingerprint counts but what no two runs share (load, steal, momentary frequency), the
 * host's name and the sources' revision; and so do the parts of the plans that change what a cell
 * means.
 *
 * Return: how many things differ.
 */
size_t compare_environments(const struct model *a, const struct model *b,
			    const struct compare_how *how, FILE *out);

/**
 * compare_models() - compare the cells that both have
 * @c: filled; free with compare_free()
 * @a: one run
 * @b: the other; to be kept as long as @c
 * @how: what to compare
 *
 * Return: EXIT_FINE, or EXIT_FAILED after a line.
 */
int compare_models(struct compare *c, const struct model *a, const struct model *b,
		   const struct compare_how *how);

void compare_free(struct compare *c);

/**
 * compare_count() - cells of a verdict
 * @c: the comparison
 * @what: of these
 * @verdict: which
 *
 * Return: how many.
 */
size_t compare_count(const struct compare *c, enum compare_what what, enum compare_verdict verdict);

/**
 * compare_events() - the events that both runs have, of those that are compared
 * @a: one run
 * @b: the other
 * @how: what to compare
 * @events: their names, in B's order; room for COUNTERS_MOST
 *
 * Return: how many.
 */
size_t compare_events(const struct model *a, const struct model *b, const struct compare_how *how,
		      const char **events);

/**
 * compare_regressed() - cells that regressed
 * @c: the comparison
 *
 * Return: how many.
 */
size_t compare_regressed(const struct compare *c);

/**
 * compare_print_table() - the cells for people, under 80 columns
 * @c: the comparison
 * @different: only those that differ
 */
void compare_print_table(const struct compare *c, bool different);

/**
 * compare_print_uncommon() - a line that names the events that only one run has, if there is one
 * @f: where to
 * @a: one run
 * @b: the other
 */
void compare_print_uncommon(FILE *f, const struct model *a, const struct model *b);

/**
 * compare_print_csv() - the cells for programs
 * @c: the comparison
 * @different: only those that differ
 */
void compare_print_csv(const struct compare *c, bool different);

/**
 * compare_figure() - draw the ratios, by plots/compare.gp
 * @c: the comparison
 * @label: both runs in one line
 * @path: of the SVG, whose data are put beside it as .dat
 *
 * Return: EXIT_FINE; EXIT_LACKING where plots/ or gnuplot is not there; EXIT_FAILED; after a line.
 */
int compare_figure(const struct compare *c, const char *label, const char *path);

#endif
