/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What one window says. This is the one place where the rows of its workers become numbers: another
 * formula needs no other measurement.
 */
#ifndef REFCOST_MODEL_SAMPLE_H
#define REFCOST_MODEL_SAMPLE_H

#include "results/cells.h"

/* Workers whose windows have less of each other's time in common did not run together. */
#define OVERLAP_MIN 0.9

/* The figure of a worker alone: this percentile of its batches, and the column that has it. */
#define ONE_CPU_PERCENTILE 5
#define ONE_CPU_COLUMN	   "batch_p5_ns"

/**
 * struct sample - one window of a cell
 * @ns: ns per operation and CPU, the window's figure
 * @mean: the same of all its batches, gaps taken out
 * @elapsed: the same with the gaps
 * @lost: share of the workers' time that was gaps
 * @overlap: share of the time from the first start to the last end that all workers had in common
 * @fair: the slowest worker over the fastest
 */
struct sample {
	double ns, mean, elapsed, lost, overlap, fair;
};

/**
 * sample_of() - reduce a window to its figures
 * @s: filled
 * @workers: the rows of its workers
 *
 * Rates add up, since all workers were inside for the same time, less its gaps, in which another
 * task or a hypervisor had the CPU. Several workers wait for each other, and all of that time is
 * their figure. What slows a machine for a while only adds to the time of a batch: the figure of a
 * worker alone is what its short batches took.
 *
 * Return: 0, or -EINVAL where a time is no whole number.
 */
int sample_of(struct sample *s, const struct cell_rows *workers);

#endif
