/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The Universal Scalability Law: C(N) = l N / (1 + s (N - 1) + k N (N - 1)), throughput of N CPUs.
 * See Gunther, Guerrilla Capacity Planning, 2007, chapter 4.
 */
#ifndef REFCOST_STATS_USL_H
#define REFCOST_STATS_USL_H

#include <stddef.h>

/* Three parameters want at least one point more. */
#define USL_MIN_POINTS 4
/* A curve that misses its points by more than this does not describe them. */
#define USL_MAX_RESIDUAL 0.10

enum usl_verdict {
	USL_FITS,
	USL_FEW,  /* fewer than USL_MIN_POINTS points */
	USL_POOR, /* @residual is above USL_MAX_RESIDUAL, or no curve has l above 0 */
};

/**
 * struct usl - a fitted law
 * @verdict: whether to believe it
 * @points: how many it was fitted to
 * @l: throughput of one CPU on the curve, unit of the points
 * @s: contention: what each further CPU waits for the others; 1 and above: more CPUs do not do more
 * @k: coherence: what each pair of CPUs costs; above 0 there is a peak
 * @peak: CPUs at which the curve is highest; INFINITY where it rises forever
 * @residual: relative deviation of the points from the curve: root of the sum of squares over the
 *	degrees of freedom (points less parameters that are not 0)
 *
 * Where @verdict is USL_FEW all numbers are NAN; where it is USL_POOR they are those of the best
 * curve, if there is any.
 */
struct usl {
	enum usl_verdict verdict;
	size_t points;
	double l, s, k, peak, residual;
};

/**
 * usl_fit - fit the law, with s and k not negative
 * @n: CPUs, each number once
 * @c: throughput, above 0
 * @points: how many
 * @fit: filled in every case
 *
 * N / C(N) is linear in 1/l, s/l and k/l, so that least squares need no first guess and find the
 * best curve. Points count by their relative deviation: their noise grows with them.
 *
 * Return: 0; -ENOMEM; -EINVAL where a number is not above 0.
 */
int usl_fit(const double *n, const double *c, size_t points, struct usl *fit);

/**
 * usl_at - the law at a number of CPUs
 * @fit: from usl_fit()
 * @n: CPUs
 *
 * Return: throughput, unit of the points.
 */
double usl_at(const struct usl *fit, double n);

#endif
