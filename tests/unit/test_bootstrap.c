// SPDX-License-Identifier: GPL-2.0
/*
 * The bootstrap of a ratio of medians. For samples of odd size its distribution is known exactly:
 * the median of a resample is at most the k-th smallest value where at least half of the draws are
 * among the k smallest, which is binomial (Efron 1979). The golden ends come from there (python,
 * fractions), for samples whose quantiles stand clear of a jump by five standard errors of 9999
 * resamples.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>

#include "stats/bootstrap.h"

#define LEN(a)		  (sizeof(a) / sizeof((a)[0]))
#define assert_near(a, b) assert_true(fabs((a) - (b)) <= 1e-12)

static const struct {
	double a[12], b[12];
	size_t na, nb;
	struct bootstrap want;
} golden[] = {
	{ { 32, 32, 128, 16, 16, 32, 16 },
	  { 64, 16, 64, 128, 128, 128, 128 },
	  7,
	  7,
	  { 4, 1.0 / 2, 8 } },
	{ { 16, 19, 15, 18, 19, 16, 19 },
	  { 13, 15, 20, 10, 14, 19, 20, 12, 15 },
	  7,
	  9,
	  { 15.0 / 18, 12.0 / 19, 20.0 / 16 } },
	{ { 18, 19, 19, 11, 20, 13, 20, 19, 14 },
	  { 14, 11, 11, 17, 20, 17, 11 },
	  9,
	  7,
	  { 14.0 / 19, 11.0 / 20, 17.0 / 13 } },
	{ { 12, 12, 11, 17, 17, 18, 17, 19, 12, 12, 14 },
	  { 13, 12, 19, 18, 15, 13, 18, 14, 20, 16, 19 },
	  11,
	  11,
	  { 16.0 / 14, 13.0 / 17, 19.0 / 12 } },
	{ { 17, 11, 13, 20, 19, 17, 16 },
	  { 12, 18, 15, 11, 14, 11, 20 },
	  7,
	  7,
	  { 14.0 / 17, 11.0 / 19, 18.0 / 13 } },
};

static void exact_intervals(void **state)
{
	struct bootstrap got;
	unsigned long seed;
	size_t i;

	(void)state;
	for (i = 0; i < LEN(golden); i++) {
		for (seed = 1; seed <= 3; seed++) {
			assert_int_equal(bootstrap_ratio(golden[i].a, golden[i].na, golden[i].b,
							 golden[i].nb, seed, &got),
					 0);
			assert_near(got.ratio, golden[i].want.ratio);
			assert_near(got.lo, golden[i].want.lo);
			assert_near(got.hi, golden[i].want.hi);
		}
	}
}

static void even_sizes(void **state)
{
	const double a[] = { 4, 1, 2, 3, 6, 5 }, b[] = { 7, 7, 7, 7, 7, 7, 7, 7 };
	struct bootstrap got;

	(void)state;
	assert_int_equal(bootstrap_ratio(a, LEN(a), b, LEN(b), 1, &got), 0);
	assert_near(got.ratio, 2); /* 7 over the mean of 3 and 4 */
	assert_true(got.lo >= 7.0 / 6 && got.lo < 2);
	assert_true(got.hi <= 7 && got.hi > 2);
	assert_near(a[0], 4);
}

/* The interval is the seed's; another seed moves it by next to nothing. */
static void seeds(void **state)
{
	struct bootstrap one, again, other;
	double a[30], b[30];
	size_t i;

	(void)state;
	for (i = 0; i < LEN(a); i++) {
		a[i] = 100 + (i * 7919) % 31 / 3.1;
		b[i] = 104 + (i * 104729) % 29 / 2.9;
	}
	assert_int_equal(bootstrap_ratio(a, LEN(a), b, LEN(b), 5, &one), 0);
	assert_int_equal(bootstrap_ratio(a, LEN(a), b, LEN(b), 5, &again), 0);
	assert_int_equal(bootstrap_ratio(a, LEN(a), b, LEN(b), 6, &other), 0);
	assert_memory_equal(&one, &again, sizeof(one));
	assert_true(fabs(one.lo - other.lo) < 0.005 && fabs(one.hi - other.hi) < 0.005);
}

static double *tight(gsl_rng *rng, size_t n, double centre)
{
	double *v = calloc(n, sizeof(*v));
	size_t i;

	assert_non_null(v);
	for (i = 0; i < n; i++)
		v[i] = centre * (1 + gsl_ran_gaussian(rng, 0.01));
	return v;
}

/*
 * The same data twice never differ; tight data 10 % up are slower, and the other way round faster.
 */
static void same_and_shifted(void **state)
{
	static const size_t sizes[] = { 6, 7, 10, 23, 30, 73 };
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	struct bootstrap got;
	size_t i, k;

	(void)state;
	for (i = 0; i < LEN(sizes); i++) {
		for (k = 0; k < 20; k++) {
			double *a = tight(rng, sizes[i], 50), *b = tight(rng, sizes[i], 55);

			assert_int_equal(bootstrap_ratio(a, sizes[i], a, sizes[i], k, &got), 0);
			assert_near(got.ratio, 1);
			assert_true(got.lo <= 1 && got.hi >= 1);
			assert_int_equal(bootstrap_ratio(a, sizes[i], b, sizes[i], k, &got), 0);
			assert_true(got.lo > 1 && got.ratio >= got.lo && got.ratio <= got.hi);
			assert_int_equal(bootstrap_ratio(b, sizes[i], a, sizes[i], k, &got), 0);
			assert_true(got.hi < 1);
			free(a);
			free(b);
		}
	}
	gsl_rng_free(rng);
}

/* Of two samples of one distribution at most about one pair in a hundred may seem to differ. */
static void false_alarms(void **state)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	struct bootstrap got;
	size_t i, alarms = 0;

	(void)state;
	for (i = 0; i < 400; i++) {
		double *a = tight(rng, 10, 50), *b = tight(rng, 10, 50);

		assert_int_equal(bootstrap_ratio(a, 10, b, 10, i, &got), 0);
		alarms += got.lo > 1 || got.hi < 1;
		free(a);
		free(b);
	}
	gsl_rng_free(rng);
	/* 1 % of 400, and two standard errors */
	assert_in_range(alarms, 1, 8);
}

/* The same value throughout: an interval without width. */
static void constant(void **state)
{
	const double a[] = { 4, 4, 4, 4, 4, 4 }, b[] = { 5, 5, 5, 5, 5, 5 };
	struct bootstrap got;

	(void)state;
	assert_int_equal(bootstrap_ratio(a, 6, b, 6, 1, &got), 0);
	assert_near(got.lo, 1.25);
	assert_near(got.hi, 1.25);
}

static void few(void **state)
{
	const double v[] = { 1, 2, 3, 4, 5, 6 };
	struct bootstrap got;

	(void)state;
	assert_int_equal(bootstrap_ratio(v, 5, v, 6, 1, &got), 0);
	assert_near(got.ratio, 3.5 / 3);
	assert_true(isnan(got.lo) && isnan(got.hi));
	assert_int_equal(bootstrap_ratio(v, 6, v, 0, 1, &got), 0);
	assert_true(isnan(got.ratio) && isnan(got.lo) && isnan(got.hi));
}

/* Unloads that never succeeded took longer than any that did. */
static void endless(void **state)
{
	const double fine[] = { 1, 1, 1, 1, 1, 1, 1, 1 };
	const double some[] = { 1, 1, 1, 1, 1, 1, INFINITY, INFINITY };
	const double all[] = { INFINITY, INFINITY, INFINITY, INFINITY, INFINITY, INFINITY };
	struct bootstrap got;

	(void)state;
	assert_int_equal(bootstrap_ratio(fine, 8, all, 6, 1, &got), 0);
	assert_true(isinf(got.ratio) && isinf(got.lo) && isinf(got.hi));
	assert_int_equal(bootstrap_ratio(all, 6, fine, 8, 1, &got), 0);
	assert_true(got.ratio == 0 && got.lo == 0 && got.hi == 0);
	assert_int_equal(bootstrap_ratio(fine, 8, some, 8, 1, &got), 0);
	assert_true(got.ratio == 1 && got.lo == 1 && isinf(got.hi));
	assert_int_equal(bootstrap_ratio(all, 6, all, 6, 1, &got), 0);
	assert_true(isnan(got.ratio) && got.lo == 1 && got.hi == 1);
}

static void not_times(void **state)
{
	static const double bad[] = { 0, -1, NAN };
	double v[] = { 1, 2, 3, 4, 5, 6 };
	struct bootstrap got;
	size_t i;

	(void)state;
	for (i = 0; i < LEN(bad); i++) {
		double w[] = { 1, 2, 3, bad[i], 5, 6 };

		assert_int_equal(bootstrap_ratio(v, 6, w, 6, 1, &got), -EINVAL);
		assert_true(isnan(got.ratio) && isnan(got.lo) && isnan(got.hi));
		assert_int_equal(bootstrap_ratio(w, 6, v, 6, 1, &got), -EINVAL);
	}
}

/*
 * Counts may be 0: nothing over nothing is as many, something over nothing is more than any ratio.
 */
static void counts(void **state)
{
	double none[] = { 0, 0, 0, 0, 0, 0 }, some[] = { 1, 2, 3, 4, 5, 6 };
	double few[] = { 0, 0, 0, 0, 0, 7 }, bad[] = { 1, 2, 3, 4, 5, -1 };
	struct bootstrap got, same;

	(void)state;
	assert_int_equal(bootstrap_counts(none, 6, none, 6, 1, &got), 0);
	assert_true(got.ratio == 1 && got.lo == 1 && got.hi == 1);
	assert_int_equal(bootstrap_counts(none, 6, some, 6, 1, &got), 0);
	assert_true(isinf(got.ratio) && isinf(got.lo) && isinf(got.hi));
	assert_int_equal(bootstrap_counts(some, 6, none, 6, 1, &got), 0);
	assert_true(got.ratio == 0 && got.lo == 0 && got.hi == 0);
	assert_int_equal(bootstrap_counts(none, 6, few, 6, 1, &got), 0);
	assert_true(got.ratio == 1 && got.lo == 1);
	assert_int_equal(bootstrap_counts(none, 5, some, 6, 1, &got), 0);
	assert_true(isnan(got.lo) && isnan(got.hi));
	assert_int_equal(bootstrap_counts(some, 6, bad, 6, 1, &got), -EINVAL);
	assert_true(isnan(got.ratio));
	bad[5] = NAN;
	assert_int_equal(bootstrap_counts(bad, 6, some, 6, 1, &got), -EINVAL);
	/* above 0 they are as any other values */
	assert_int_equal(bootstrap_counts(some, 6, some + 1, 5, 3, &got), 0);
	assert_int_equal(bootstrap_ratio(some, 6, some + 1, 5, 3, &same), 0);
	assert_true(got.ratio == same.ratio);
	assert_int_equal(bootstrap_counts(some, 6, some, 6, 3, &got), 0);
	assert_int_equal(bootstrap_ratio(some, 6, some, 6, 3, &same), 0);
	assert_memory_equal(&got, &same, sizeof(got));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exact_intervals),
		cmocka_unit_test(even_sizes),
		cmocka_unit_test(seeds),
		cmocka_unit_test(same_and_shifted),
		cmocka_unit_test(false_alarms),
		cmocka_unit_test(constant),
		cmocka_unit_test(few),
		cmocka_unit_test(endless),
		cmocka_unit_test(not_times),
		cmocka_unit_test(counts),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
