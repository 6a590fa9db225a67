// SPDX-License-Identifier: GPL-2.0
/* Robust statistics of small samples; GSL does the arithmetic. */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>

#include "stats/summary.h"

#define CONFIDENCE	0.95
#define ROUNDING	1e-9 /* above the functions' error, below any gap that matters */

#define DRIFT_MIN_N	6
#define DRIFT_FLOOR	0.05
#define DRIFT_ERRORS	3.0

#define RESOLUTION_MADS 3.0

static bool all_finite(const double *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isfinite(v[i]))
			return false;
	return true;
}

static double *sorted_copy(const double *v, size_t n)
{
	double *copy = calloc(n, sizeof(*copy));

	if (!copy)
		return NULL;
	memcpy(copy, v, n * sizeof(*copy));
	gsl_sort(copy, 1, n);
	return copy;
}

/* Of sorted values; @work has room for n. */
static double sorted_mad(const double *sorted, size_t n, double *work)
{
	double median = gsl_stats_median_from_sorted_data(sorted, 1, n);

	for (size_t i = 0; i < n; i++)
		work[i] = fabs(sorted[i] - median);
	gsl_sort(work, 1, n);
	return gsl_stats_median_from_sorted_data(work, 1, n);
}

bool stats_ci_ranks(size_t n, size_t *lo, size_t *hi, double *level)
{
	size_t good = 0, bad = n / 2 + 1;

	if (n > UINT_MAX)
		return false;
	while (bad - good > 1) {
		size_t k = good + (bad - good) / 2;

		if (2 * gsl_cdf_binomial_P(k - 1, 0.5, n) <= 1 - CONFIDENCE + ROUNDING)
			good = k;
		else
			bad = k;
	}
	if (!good)
		return false;
	*lo = good;
	*hi = n + 1 - good;
	*level = 1 - 2 * gsl_cdf_binomial_P(good - 1, 0.5, n);
	return true;
}

int stats_summarise(const double *v, size_t n, struct stats_summary *s)
{
	double *sorted, *work;
	size_t lo, hi;
	int err = 0;

	*s = (struct stats_summary){
		.n = n,
		.min = NAN,
		.max = NAN,
		.mean = NAN,
		.median = NAN,
		.mad = NAN,
		.lo = NAN,
		.hi = NAN,
	};
	if (!n)
		return 0;
	if (!all_finite(v, n))
		return -EINVAL;
	sorted = sorted_copy(v, n);
	work = calloc(n, sizeof(*work));
	if (!sorted || !work) {
		err = -ENOMEM;
		goto out;
	}
	s->min = sorted[0];
	s->max = sorted[n - 1];
	s->mean = gsl_stats_mean(sorted, 1, n);
	s->median = gsl_stats_median_from_sorted_data(sorted, 1, n);
	s->mad = sorted_mad(sorted, n, work);
	if (stats_ci_ranks(n, &lo, &hi, &s->level)) {
		s->lo = sorted[lo - 1];
		s->hi = sorted[hi - 1];
	}
out:
	free(work);
	free(sorted);
	return err;
}

bool stats_percentile_supported(size_t n, double p)
{
	double tail = fmin(p, 1 - p);

	if (!n || !(p > 0 && p < 1))
		return false;
	if (p == 0.5)
		return true;
	return n * log1p(-tail) <= log((1 - CONFIDENCE) / 2) + ROUNDING;
}

double stats_percentile(const double *v, size_t n, double p)
{
	double *sorted, value;

	if (!stats_percentile_supported(n, p) || !all_finite(v, n))
		return NAN;
	sorted = sorted_copy(v, n);
	if (!sorted)
		return NAN;
	value = gsl_stats_quantile_from_sorted_data(sorted, 1, n, p);
	free(sorted);
	return value;
}

bool stats_drift(const double *v, size_t n, double *ratio)
{
	/* standard error of a median, in sigmas of one sample: sqrt(pi / 2n); sigma: 1.4826 MAD */
	const double error = 1.4826 * sqrt(M_PI_2);
	struct stats_summary first, second;
	size_t half = n / 2;
	double change, noise;

	*ratio = NAN;
	if (n < DRIFT_MIN_N)
		return true;
	if (!all_finite(v, n) || stats_summarise(v, half, &first) ||
	    stats_summarise(v + n - half, half, &second))
		return false;
	change = second.median - first.median;
	*ratio = first.median == second.median ? 1 : second.median / first.median;
	noise = DRIFT_ERRORS * error * fmax(first.mad, second.mad) * sqrt(2.0 / half);
	return fabs(change) <= fmax(noise, DRIFT_FLOOR * fabs(first.median));
}

bool stats_net(const struct stats_summary *scheme, const struct stats_summary *empty, double *net)
{
	*net = scheme->median - empty->median;
	return *net >= RESOLUTION_MADS * empty->mad;
}
