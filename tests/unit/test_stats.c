// SPDX-License-Identifier: GPL-2.0
/*
 * Golden vectors come from outside the code under test: confidence levels from exact binomial sums
 * (python: 1 - Fraction(2 * sum(comb(n, i) for i in range(lo)), 2**n)) and, for small n, from
 * counting all 2^n outcomes here; sample sizes from ceil(log(0.025) / log(p)); the rest by hand.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <gsl/gsl_rng.h>

#include "stats/summary.h"

#define LEN(a)		  (sizeof(a) / sizeof((a)[0]))
#define assert_near(a, b) assert_true(fabs((a) - (b)) <= 1e-9)

/* 1..n in an order that is neither rising nor falling; 7919 is prime to every n used here. */
static double *shuffled(size_t n)
{
	double *v = calloc(n ? n : 1, sizeof(*v));

	assert_non_null(v);
	for (size_t i = 0; i < n; i++)
		v[i] = 1 + (i * 7919 + 13) % n;
	return v;
}

static void summary_of_odd(void **state)
{
	const double v[] = { 9, 1, 4, 100, 2 };
	struct stats_summary s;

	(void)state;
	assert_int_equal(stats_summarise(v, LEN(v), &s), 0);
	assert_int_equal(s.n, 5);
	assert_near(s.min, 1);
	assert_near(s.max, 100);
	assert_near(s.mean, 23.2);
	assert_near(s.median, 4);
	assert_near(s.mad, 3); /* deviations 0 2 3 5 96 */
	assert_true(isnan(s.lo) && isnan(s.hi));
	assert_true(s.level == 0);
	assert_near(v[0], 9);
}

static void summary_of_even(void **state)
{
	const double v[] = { 10, 1, 2, 7, 3, 8 };
	struct stats_summary s;

	(void)state;
	assert_int_equal(stats_summarise(v, LEN(v), &s), 0);
	assert_near(s.median, 5); /* between 3 and 7, not one of them */
	assert_near(s.mad, 3);	  /* deviations 2 2 3 3 4 5 */
	assert_near(s.lo, 1);
	assert_near(s.hi, 10);
	assert_near(s.level, 0.96875);
}

static void summary_of_few(void **state)
{
	const double one = 7, two[] = { 4, 1 };
	struct stats_summary s;

	(void)state;
	assert_int_equal(stats_summarise(&one, 1, &s), 0);
	assert_near(s.median, 7);
	assert_near(s.mad, 0);
	assert_int_equal(stats_summarise(two, 2, &s), 0);
	assert_near(s.median, 2.5);
	assert_near(s.mad, 1.5);
	assert_int_equal(stats_summarise(NULL, 0, &s), 0);
	assert_int_equal(s.n, 0);
	assert_true(isnan(s.min) && isnan(s.max) && isnan(s.mean) && isnan(s.median));
	assert_true(isnan(s.mad) && isnan(s.lo) && isnan(s.hi) && s.level == 0);
}

static void missing_values_are_refused(void **state)
{
	double v[40];
	struct stats_summary s;
	double ratio;

	(void)state;
	for (size_t i = 0; i < LEN(v); i++)
		v[i] = i;
	v[3] = NAN;
	assert_int_equal(stats_summarise(v, LEN(v), &s), -EINVAL);
	assert_true(isnan(s.median) && isnan(s.min) && isnan(s.lo));
	assert_true(isnan(stats_percentile(v, LEN(v), 0.9)));
	assert_false(stats_drift(v, LEN(v), &ratio));
	assert_true(isnan(ratio));
	v[3] = INFINITY;
	assert_int_equal(stats_summarise(v, LEN(v), &s), -EINVAL);
}

static void ci_ranks_golden(void **state)
{
	static const struct {
		size_t n, lo, hi;
		double level;
	} golden[] = {
		{ 6, 1, 6, 0.96875 },
		{ 7, 1, 7, 0.984375 },
		{ 8, 1, 8, 0.9921875 },
		{ 9, 2, 8, 0.9609375 },
		{ 10, 2, 9, 0.978515625 },
		{ 11, 2, 10, 0.98828125 },
		{ 15, 4, 12, 0.96484375 },
		{ 20, 6, 15, 0.9586105346679688 },
		{ 25, 8, 18, 0.9567147493362427 },
		{ 30, 10, 21, 0.9572260547429323 },
		{ 50, 18, 33, 0.9671608624357315 },
		{ 51, 19, 33, 0.9511261076817297 },
		{ 99, 40, 60, 0.9561247064129847 },
		{ 100, 40, 61, 0.9647997997822951 },
		{ 101, 41, 61, 0.9539559330706572 },
		{ 1000, 469, 532, 0.9537088026395019 },
	};

	(void)state;
	for (size_t i = 0; i < LEN(golden); i++) {
		size_t lo = 0, hi = 0;
		double level = 0;

		assert_true(stats_ci_ranks(golden[i].n, &lo, &hi, &level));
		assert_int_equal(lo, golden[i].lo);
		assert_int_equal(hi, golden[i].hi);
		assert_near(level, golden[i].level);
	}
}

/* Share of the 2^n ways to fall below or above the median that rank k and n+1-k enclose it. */
static double counted_level(size_t n, size_t k)
{
	unsigned int inside = 0;

	for (unsigned int outcome = 0; outcome < 1U << n; outcome++) {
		size_t below = __builtin_popcount(outcome);

		inside += below >= k && below <= n - k;
	}
	return inside / (double)(1U << n);
}

static void ci_ranks_counted(void **state)
{
	size_t lo, hi;
	double level;

	(void)state;
	for (size_t n = 0; n < 6; n++)
		assert_false(stats_ci_ranks(n, &lo, &hi, &level));
	for (size_t n = 6; n <= 16; n++) {
		assert_true(stats_ci_ranks(n, &lo, &hi, &level));
		assert_int_equal(hi, n + 1 - lo);
		assert_near(level, counted_level(n, lo));
		assert_true(level >= 0.95);
		assert_true(counted_level(n, lo + 1) < 0.95);
	}
}

/* In whole numbers: how many of the 2^n ways have under k on the one side, or on the other. */
static long double outside(size_t n, size_t k)
{
	long double ways = 1, sum = 0;

	for (size_t i = 0; i < k; i++) {
		sum += 2 * ways;
		ways = ways * (n - i) / (i + 1);
	}
	return ldexpl(sum, -(int)n);
}

static int rising(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/*
 * Random samples, ties included, against an interval found the long way round: of all pairs of
 * order statistics k, n+1-k that enclose the median in 95 % of the ways or more, the closest.
 */
static void ci_against_brute_force(void **state)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	double v[120], sorted[LEN(v)];
	struct stats_summary s;

	(void)state;
	for (size_t trial = 0; trial < 2000; trial++) {
		size_t n = 1 + gsl_rng_uniform_int(rng, LEN(v)), k = 0, kinds;

		kinds = 1 + gsl_rng_uniform_int(rng, 2 * n);
		for (size_t i = 0; i < n; i++)
			sorted[i] = v[i] = gsl_rng_uniform_int(rng, kinds) * 0.37;
		qsort(sorted, n, sizeof(*sorted), rising);
		while (2 * (k + 1) <= n && outside(n, k + 1) <= 0.05L)
			k++;
		assert_int_equal(stats_summarise(v, n, &s), 0);
		assert_near(s.median, (sorted[(n - 1) / 2] + sorted[n / 2]) / 2);
		if (!k) {
			assert_true(isnan(s.lo) && isnan(s.hi) && s.level == 0);
			continue;
		}
		assert_near(s.lo, sorted[k - 1]);
		assert_near(s.hi, sorted[n - k]);
		assert_near(s.level, (double)(1 - outside(n, k)));
	}
	gsl_rng_free(rng);
}

/* What an interval promises: the median of what is drawn from lies inside as often as it says. */
static void ci_covers_the_median(void **state)
{
	static const size_t sizes[] = { 6, 10, 30 };
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	const size_t trials = 20000;
	double v[30];
	struct stats_summary s;

	(void)state;
	for (size_t i = 0; i < LEN(sizes); i++) {
		size_t inside = 0;

		for (size_t trial = 0; trial < trials; trial++) {
			for (size_t k = 0; k < sizes[i]; k++) /* skewed; its median is ln 2 */
				v[k] = -log1p(-gsl_rng_uniform(rng));
			assert_int_equal(stats_summarise(v, sizes[i], &s), 0);
			inside += s.lo <= M_LN2 && M_LN2 <= s.hi;
		}
		/* five standard errors */
		assert_true(fabs((double)inside / trials - s.level) <
			    5 * sqrt(s.level * (1 - s.level) / trials));
	}
	gsl_rng_free(rng);
}

static void ci_ends_are_samples(void **state)
{
	double *v = shuffled(30);
	struct stats_summary s;

	(void)state;
	assert_int_equal(stats_summarise(v, 30, &s), 0);
	assert_near(s.median, 15.5);
	assert_near(s.lo, 10);
	assert_near(s.hi, 21);
	free(v);
}

static void percentile_needs(void **state)
{
	static const struct {
		double p;
		size_t n;
	} needs[] = {
		{ 0.5, 1 },	   { 0.5001, 6 }, { 0.6, 8 },	 { 0.75, 13 },
		{ 0.9, 36 },	   { 0.95, 72 },  { 0.99, 368 }, { 0.999, 3688 },
		{ 0.9999, 36887 }, { 0.1, 36 },	  { 0.01, 368 },
	};

	(void)state;
	for (size_t i = 0; i < LEN(needs); i++) {
		assert_true(stats_percentile_supported(needs[i].n, needs[i].p));
		assert_true(stats_percentile_supported(needs[i].n + 1, needs[i].p));
		assert_false(stats_percentile_supported(needs[i].n - 1, needs[i].p));
	}
	assert_false(stats_percentile_supported(1000000, 0));
	assert_false(stats_percentile_supported(1000000, 1));
	assert_false(stats_percentile_supported(1000000, 99));
	assert_false(stats_percentile_supported(1000000, -0.5));
	assert_false(stats_percentile_supported(1000000, NAN));
}

static void percentile_values(void **state)
{
	double *v = shuffled(368);
	const double even[] = { 4, 1, 3, 2 };

	(void)state;
	assert_near(stats_percentile(v, 368, 0.99), 364.33); /* 1 + 367 * 0.99 */
	assert_near(stats_percentile(v, 368, 0.5), 184.5);
	assert_true(isnan(stats_percentile(v, 367, 0.99)));
	free(v);
	v = shuffled(36);
	assert_near(stats_percentile(v, 36, 0.9), 32.5); /* 1 + 35 * 0.9 */
	free(v);
	assert_near(stats_percentile(even, 4, 0.5), 2.5);
	assert_near(stats_percentile(even, 1, 0.5), 4);
	assert_true(isnan(stats_percentile(even, 0, 0.5)));
}

/* First half a, b, a, b..., second half shifted up. */
static bool drifts(size_t half, double a, double b, double shift, double *ratio)
{
	double v[64];

	assert_true(2 * half <= LEN(v));
	for (size_t i = 0; i < 2 * half; i++)
		v[i] = (i % 2 ? b : a) + (i < half ? 0 : shift);
	return !stats_drift(v, 2 * half, ratio);
}

static void drift_verdicts(void **state)
{
	double ratio;

	(void)state;
	assert_false(drifts(10, 100, 100, 0, &ratio));
	assert_near(ratio, 1);
	/* noiseless: 5 % is the limit */
	assert_false(drifts(10, 100, 100, 4.9, &ratio));
	assert_near(ratio, 1.049);
	assert_true(drifts(10, 100, 100, 5.1, &ratio));
	assert_true(drifts(10, 100, 100, -5.1, &ratio));
	/* MAD 10, ten a half: 3 * 1.2533 * 1.4826 * 10 * sqrt(2 / 10) = 24.93 */
	assert_false(drifts(10, 90, 110, 24.9, &ratio));
	assert_true(drifts(10, 90, 110, 25, &ratio));
	assert_near(ratio, 1.25);
	/* a step widens the MAD of the whole to 50, which must not hide it */
	assert_true(drifts(10, 100, 100, 100, &ratio));
	assert_near(ratio, 2);
}

static void drift_edges(void **state)
{
	const double odd[] = { 100, 100, 100, 0, 100, 102, 104 }, late[] = { 0, 0, 0, 1, 1, 1 };
	const double calmer[] = { 80, 100, 120, 110, 110, 110 }, zero[6] = { 0 };
	double ratio = 0;

	(void)state;
	assert_true(stats_drift(odd, LEN(odd), &ratio)); /* the middle one is in neither half */
	assert_near(ratio, 1.02);
	assert_true(stats_drift(calmer, LEN(calmer), &ratio)); /* the noisier half's MAD counts */
	assert_near(ratio, 1.1);
	assert_true(stats_drift(zero, LEN(zero), &ratio));
	assert_near(ratio, 1);
	assert_false(stats_drift(late, LEN(late), &ratio));
	assert_true(isinf(ratio));
	assert_true(stats_drift(late, 5, &ratio));
	assert_true(isnan(ratio));
	assert_true(stats_drift(NULL, 0, &ratio));
	assert_true(isnan(ratio));
}

static void net_of_empty(void **state)
{
	const struct stats_summary empty = { .median = 3, .mad = 0.5 }, exact = { .median = 3 };
	const struct stats_summary none = { .median = NAN, .mad = NAN };
	struct stats_summary scheme = { .median = 4.5 };
	double net;

	(void)state;
	assert_true(stats_net(&scheme, &empty, &net)); /* just at three MADs */
	assert_near(net, 1.5);
	scheme.median = 4.4;
	assert_false(stats_net(&scheme, &empty, &net));
	assert_near(net, 1.4);
	scheme.median = 2;
	assert_false(stats_net(&scheme, &exact, &net));
	assert_near(net, -1);
	assert_true(stats_net(&exact, &exact, &net)); /* nothing lost in noise: an exact zero */
	assert_near(net, 0);
	assert_false(stats_net(&scheme, &none, &net));
	assert_true(isnan(net));
	assert_false(stats_net(&none, &empty, &net));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(summary_of_odd),
		cmocka_unit_test(summary_of_even),
		cmocka_unit_test(summary_of_few),
		cmocka_unit_test(missing_values_are_refused),
		cmocka_unit_test(ci_ranks_golden),
		cmocka_unit_test(ci_ranks_counted),
		cmocka_unit_test(ci_ends_are_samples),
		cmocka_unit_test(percentile_needs),
		cmocka_unit_test(percentile_values),
		cmocka_unit_test(drift_verdicts),
		cmocka_unit_test(drift_edges),
		cmocka_unit_test(net_of_empty),
		cmocka_unit_test(ci_against_brute_force),
		cmocka_unit_test(ci_covers_the_median),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
