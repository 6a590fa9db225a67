/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How much larger is one median than another, and how sure is that? The percentile bootstrap: draw
 * from each sample, with replacement, as many values as it has; the middle 99 % of the ratios of
 * such pairs of medians are the interval: many cells are judged at once, and at 95 % one in twenty
 * would be a false alarm. See Davison and Hinkley, Bootstrap Methods, 5.3.1.
 */
#ifndef REFCOST_STATS_BOOTSTRAP_H
#define REFCOST_STATS_BOOTSTRAP_H

#include <stdbool.h>
#include <stddef.h>

/* With one less than a round number both ends of the interval are ranks of the ratios. */
#define BOOTSTRAP_RESAMPLES 9999
#define BOOTSTRAP_LEVEL	    0.99

/* Below this not even the extremes of a sample hold its median with 95 %: see stats_ci_ranks(). */
#define BOOTSTRAP_MIN 6

/**
 * struct bootstrap - a ratio of two medians
 * @ratio: the medians' own; NAN where neither is finite, or a sample is empty
 * @lo:	   lower end of its interval; NAN where a sample has less than BOOTSTRAP_MIN values
 * @hi:	   upper end, likewise
 */
struct bootstrap {
	double ratio, lo, hi;
};

/**
 * bootstrap_ratio - the ratio of the medians of two independent samples
 * @a:	  denominator, in any order; not changed
 * @na:	  how many
 * @b:	  numerator, likewise
 * @nb:	  how many
 * @seed: of the generator (mt19937): the same seed and samples give the same interval
 * @out:  filled in every case, with NAN on failure
 *
 * Values are above 0. One that is only known to be longer than all others is INFINITY; where both
 * medians of a pair are, neither is known to be larger, and the pair's ratio counts as 1.
 *
 * Return: 0; -EINVAL where a value is NAN or not above 0; -ENOMEM.
 */
int bootstrap_ratio(const double *a, size_t na, const double *b, size_t nb, unsigned long seed,
		    struct bootstrap *out);

/**
 * bootstrap_counts - the same of two samples of counts, whose values may be 0
 * @a:	  as of bootstrap_ratio()
 * @na:	  likewise
 * @b:	  likewise
 * @nb:	  likewise
 * @seed: likewise
 * @out:  likewise; where both medians are 0 they are equal, and their ratio is 1
 *
 * Return: 0; -EINVAL where a value is NAN or under 0; -ENOMEM.
 */
int bootstrap_counts(const double *a, size_t na, const double *b, size_t nb, unsigned long seed,
		     struct bootstrap *out);

#endif
