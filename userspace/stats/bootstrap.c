// SPDX-License-Identifier: GPL-2.0
/* The percentile bootstrap of a ratio of medians; GSL draws and sorts. */
#include "stats/bootstrap.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_rng.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>

/* A sample, ascending, and how often each of its values was drawn. */
struct sample {
	double *v;
	unsigned int *drawn;
	size_t n;
};

static int sample_make(struct sample *s, const double *v, size_t n, bool zero)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!(v[i] > 0 || (zero && v[i] == 0)))
			return -EINVAL;
	s->n = n;
	s->v = calloc(n + 1, sizeof(*s->v));
	s->drawn = calloc(n + 1, sizeof(*s->drawn));
	if (!s->v || !s->drawn)
		return -ENOMEM;
	if (n)
		memcpy(s->v, v, n * sizeof(*v));
	gsl_sort(s->v, 1, n);
	return 0;
}

static void sample_free(struct sample *s)
{
	free(s->v);
	free(s->drawn);
}

/* The values are sorted, so that counting the draws takes the place of sorting each resample. */
static double resampled_median(struct sample *s, gsl_rng *rng)
{
	size_t lower = 0, upper, seen, i;

	memset(s->drawn, 0, s->n * sizeof(*s->drawn));
	for (i = 0; i < s->n; i++)
		s->drawn[gsl_rng_uniform_int(rng, s->n)]++;
	for (seen = s->drawn[0]; seen <= (s->n - 1) / 2; seen += s->drawn[lower])
		lower++;
	for (upper = lower; seen <= s->n / 2; seen += s->drawn[upper])
		upper++;
	return (s->v[lower] + s->v[upper]) / 2;
}

static double over(double b, double a)
{
	if (!a && !b)
		return 1;
	return isinf(a) && isinf(b) ? NAN : b / a;
}

static int interval(struct sample *a, struct sample *b, unsigned long seed, struct bootstrap *out)
{
	const size_t tail = (BOOTSTRAP_RESAMPLES + 1) * (1 - BOOTSTRAP_LEVEL) / 2 + 0.5;
	double *ratio = calloc(BOOTSTRAP_RESAMPLES, sizeof(*ratio));
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	int err = ratio && rng ? 0 : -ENOMEM;
	size_t i;

	if (err)
		goto out;
	gsl_rng_set(rng, seed);
	for (i = 0; i < BOOTSTRAP_RESAMPLES; i++) {
		double ma = resampled_median(a, rng), mb = resampled_median(b, rng);

		ratio[i] = isnan(over(mb, ma)) ? 1 : over(mb, ma);
	}
	gsl_sort(ratio, 1, BOOTSTRAP_RESAMPLES);
	out->lo = ratio[tail - 1];
	out->hi = ratio[BOOTSTRAP_RESAMPLES - tail];
out:
	if (rng)
		gsl_rng_free(rng);
	free(ratio);
	return err;
}

/* @zero: values may be 0 */
static int ratio(const double *a, size_t na, const double *b, size_t nb, unsigned long seed,
		 bool zero, struct bootstrap *out)
{
	struct sample sa = { 0 }, sb = { 0 };
	int err;

	*out = (struct bootstrap){ NAN, NAN, NAN };
	err = sample_make(&sa, a, na, zero) ?: sample_make(&sb, b, nb, zero);
	if (!err && na && nb)
		out->ratio = over(gsl_stats_median_from_sorted_data(sb.v, 1, nb),
				  gsl_stats_median_from_sorted_data(sa.v, 1, na));
	if (!err && na >= BOOTSTRAP_MIN && nb >= BOOTSTRAP_MIN)
		err = interval(&sa, &sb, seed, out);
	if (err)
		*out = (struct bootstrap){ NAN, NAN, NAN };
	sample_free(&sa);
	sample_free(&sb);
	return err;
}

int bootstrap_ratio(const double *a, size_t na, const double *b, size_t nb, unsigned long seed,
		    struct bootstrap *out)
{
	return ratio(a, na, b, nb, seed, false, out);
}

int bootstrap_counts(const double *a, size_t na, const double *b, size_t nb, unsigned long seed,
		     struct bootstrap *out)
{
	return ratio(a, na, b, nb, seed, true, out);
}
