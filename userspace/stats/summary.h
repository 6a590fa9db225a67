/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Robust statistics of a handful of samples: median, MAD, the median's confidence interval (exact
 * for independent samples), percentiles only where the sample is large enough to support them, and
 * drift.
 *
 * Values keep the caller's unit throughout (ns, ops/s, ...). Probabilities are fractions: the 99th
 * percentile is p = 0.99. A sample that holds a NAN or an infinity yields NAN, never a number:
 * leave missing values out before calling.
 */
#ifndef REFCOST_STATS_SUMMARY_H
#define REFCOST_STATS_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct stats_summary - what is reported about one sample
 * @n:      samples
 * @min:    smallest
 * @max:    largest
 * @mean:   arithmetic mean
 * @median: middle value; the mean of the middle two where @n is even
 * @mad:    median of the absolute deviations from the median, not scaled to a normal sigma
 * @lo:     lower end of the median's confidence interval, an observed value; NAN where @n < 6
 * @hi:     upper end, likewise
 * @level:  coverage of @lo..@hi, 0.95 or more; 0 where @n < 6
 */
struct stats_summary {
	size_t n;
	double min, max, mean, median, mad;
	double lo, hi, level;
};

/**
 * stats_summarise - fill a summary from a sample in any order
 * @v: values; not changed
 * @n: how many; with none, everything but @s->n is NAN (the level is 0)
 * @s: filled in every case, with NAN on failure
 *
 * Return: 0; -ENOMEM; -EINVAL where a value is not finite.
 */
int stats_summarise(const double *v, size_t n, struct stats_summary *s);

/**
 * stats_ci_ranks - which order statistics bound the median
 * @n:     samples
 * @lo:    rank of the lower bound, from 1
 * @hi:    rank of the upper bound, @n + 1 - @lo
 * @level: the interval's coverage, as a fraction; exact where samples are independent
 *
 * The number of samples below the median is Binomial(n, 1/2) whatever the distribution, so the
 * interval from rank k to rank n+1-k covers the median with probability 1 - 2 P(X < k). Of those
 * that cover it with 95 % or more, this is the narrowest. See David and Nagaraja, Order
 * Statistics, 3rd ed., 7.1.
 *
 * Return: false, and nothing written, where there is none (@n < 6).
 */
bool stats_ci_ranks(size_t n, size_t *lo, size_t *hi, double *level);

/**
 * stats_percentile_supported - is the sample large enough to say anything about a percentile?
 * @n: samples
 * @p: fraction, 0 < @p < 1
 *
 * Yes where the percentile's two-sided 95 % interval from order statistics exists, that is, where
 * at most one sample of this size in forty lies wholly on one side of the percentile: with
 * q = min(p, 1 - p), (1 - q)^n <= 0.025. This needs n of 36 for p90, 72 for p95, 368 for p99 and
 * 3688 for p99.9. The median is always given: its uncertainty is printed beside it.
 *
 * Return: true where supported; false where not, and for @p outside 0..1.
 */
bool stats_percentile_supported(size_t n, double p);

/**
 * stats_percentile - a percentile of a sample in any order
 * @v: values; not changed
 * @n: how many
 * @p: fraction, 0 < @p < 1
 *
 * Interpolates linearly between the samples beside (n - 1) p, as gsl_stats_quantile does
 * (definition 7 of Hyndman and Fan); at 0.5 this is the median.
 *
 * Return: the percentile; NAN where it is not supported, a value is not finite, or memory is out.
 */
double stats_percentile(const double *v, size_t n, double p);

/**
 * stats_drift - did the sample stay where it began?
 * @v:     values in the order in which they were taken; not changed
 * @n:     how many; an odd middle one belongs to neither half
 * @ratio: median of the second half over median of the first, 1 where both are 0, infinite where
 *         only the first is; NAN where @n < 6
 *
 * The sample is steady unless the halves' medians differ by more than 5 % of the first and also by
 * more than their noise: three standard errors of the difference of two medians, with sigma taken
 * from the noisier half's MAD. A fixed number of MADs would cry wolf on short samples and miss
 * real drift in long ones; the MAD of the whole sample would hide every step, being widened by it.
 *
 * Return: true where steady or @n < 6; false where not, a value is not finite, or memory is out
 * (@ratio is NAN in the latter two).
 */
bool stats_drift(const double *v, size_t n, double *ratio);

/**
 * stats_net - cost of a scheme less the empty loop's
 * @scheme: summary of the scheme
 * @empty:  summary of the empty loop of the same block, in the same unit
 * @net:    difference of the medians, in every case; NAN where either is NAN
 *
 * Return: false ("< resolution") where the net is NAN, or below three MADs of the empty loop.
 */
bool stats_net(const struct stats_summary *scheme, const struct stats_summary *empty, double *net);

#endif
