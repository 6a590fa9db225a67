/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A log-linear histogram of 64-bit values: every power of two is cut into 32 buckets of equal
 * width, so that a bucket is at most 1/32 (3.2 %) of its lower edge wide, and values below 64 have
 * a bucket each. Log-linear buckets as in HdrHistogram. A zeroed struct hist is an empty one.
 */
#ifndef REFCOST_STATS_HIST_H
#define REFCOST_STATS_HIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define HIST_SUB_BITS 5
#define HIST_SUBS     (1 << HIST_SUB_BITS)
#define HIST_BUCKETS  ((64 - HIST_SUB_BITS + 1) * HIST_SUBS)

/**
 * struct hist - counts by bucket, and the exact extremes
 * @count: samples in each bucket
 * @total: samples in all; see hist_count()
 * @min:   smallest value added; valid where @total > 0
 * @max:   largest value added; likewise
 */
struct hist {
	uint64_t count[HIST_BUCKETS];
	uint64_t total;
	uint64_t min, max;
};

/**
 * hist_bucket - the bucket of a value
 * @value: any
 *
 * Return: index, 0 to HIST_BUCKETS - 1.
 */
unsigned int hist_bucket(uint64_t value);

/**
 * hist_low - smallest value of a bucket
 * @index: below HIST_BUCKETS
 *
 * Return: the lower edge, inclusive.
 */
uint64_t hist_low(unsigned int index);

/**
 * hist_high - largest value of a bucket
 * @index: below HIST_BUCKETS
 *
 * Return: the upper edge, inclusive; one below the next bucket's lower edge.
 */
uint64_t hist_high(unsigned int index);

/**
 * hist_add - count one sample
 * @h:     histogram
 * @value: in the caller's unit
 */
void hist_add(struct hist *h, uint64_t value);

/**
 * hist_count - samples added so far
 * @h: histogram
 *
 * Return: the number.
 */
uint64_t hist_count(const struct hist *h);

/**
 * hist_percentile - a percentile, by nearest rank
 * @h: histogram
 * @p: fraction, 0 < @p < 1
 *
 * The sample of rank ceil(n p) is taken to be in the middle of its bucket, or at the extreme seen
 * where that lies within: at most 1.6 % off.
 *
 * Return: in the unit of the samples; NAN where stats_percentile_supported() says so.
 */
double hist_percentile(const struct hist *h, double p);

/**
 * hist_print - rows of range, count and stars, first used bucket to last
 * @h:      histogram; an empty one prints nothing
 * @out:    where to
 * @unit:   heading of the ranges, e.g. "nsecs"
 * @coarse: one row a power of two (0 and 1 share the first), as funclatency prints them; else one
 *          a bucket
 */
void hist_print(const struct hist *h, FILE *out, const char *unit, bool coarse);

#endif
