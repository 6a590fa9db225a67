// SPDX-License-Identifier: GPL-2.0
/*
 * The Universal Scalability Law: points computed from the formula with known parameters, bare and
 * with noise, and points that follow no such curve.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>

#include "stats/usl.h"

#define LEN(a)			     (sizeof(a) / sizeof((a)[0]))
#define assert_close(got, want, eps) assert_true(is_close(got, want, eps))

static const double cpus[] = { 1, 2, 3, 4, 6, 8, 12, 16, 24, 32 };

/* relative, or absolute near 0 */
static int is_close(double got, double want, double eps)
{
	return fabs(got - want) <= eps * fmax(1, fabs(want));
}

static double law(double l, double s, double k, double n)
{
	return l * n / (1 + s * (n - 1) + k * n * (n - 1));
}

static void exact(void **state)
{
	static const struct {
		double l, s, k, peak;
	} want[] = {
		{ 100, 0.05, 0.001, 30.822070014844883 }, /* sqrt(0.95 / 0.001) */
		{ 12.5, 0.3, 0.02, 5.916079783099616 },	  /* sqrt(0.7 / 0.02) */
		{ 250, 0, 0, INFINITY },		  /* linear */
		{ 250, 0.1, 0, INFINITY },		  /* Amdahl */
		{ 0.001, 0, 0.01, 10 },			  /* agreement alone */
		{ 50, 1, 0, 1 },			  /* a lock: as much as one CPU */
		{ 50, 2.5, 0.1, 1 },			  /* less than one CPU */
	};
	double c[LEN(cpus)];
	struct usl fit;
	size_t i, k;

	(void)state;
	for (i = 0; i < LEN(want); i++) {
		for (k = 0; k < LEN(cpus); k++)
			c[k] = law(want[i].l, want[i].s, want[i].k, cpus[k]);
		assert_int_equal(usl_fit(cpus, c, LEN(cpus), &fit), 0);
		assert_int_equal(fit.verdict, USL_FITS);
		assert_int_equal(fit.points, LEN(cpus));
		assert_close(fit.l / want[i].l, 1, 1e-9);
		assert_close(fit.s, want[i].s, 1e-9);
		assert_close(fit.k, want[i].k, 1e-9);
		assert_true(fit.residual < 1e-9);
		assert_close(usl_at(&fit, 5) / law(want[i].l, want[i].s, want[i].k, 5), 1, 1e-9);
		if (isinf(want[i].peak))
			assert_true(fit.peak > 1e4);
		else
			assert_close(fit.peak, want[i].peak, 1e-6);
	}
}

/* Four points are just enough, and need not begin with one CPU. */
static void least(void **state)
{
	const double n[] = { 2, 4, 8, 16 };
	double c[LEN(n)];
	struct usl fit;
	size_t i;

	(void)state;
	for (i = 0; i < LEN(n); i++)
		c[i] = law(30, 0.02, 0.004, n[i]);
	assert_int_equal(usl_fit(n, c, 4, &fit), 0);
	assert_int_equal(fit.verdict, USL_FITS);
	assert_close(fit.l, 30, 1e-9);
	assert_close(fit.s, 0.02, 1e-9);
	assert_close(fit.k, 0.004, 1e-9);
	for (i = 0; i < 4; i++) {
		assert_int_equal(usl_fit(n, c, i, &fit), 0);
		assert_int_equal(fit.verdict, USL_FEW);
		assert_int_equal(fit.points, i);
		assert_true(isnan(fit.l) && isnan(fit.s) && isnan(fit.k));
		assert_true(isnan(fit.peak) && isnan(fit.residual));
	}
}

/* 3 % of noise: parameters come back near, and the residual is the noise. */
static void noise(void **state)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	double c[LEN(cpus)], sum = 0;
	struct usl fit;
	size_t i, k;

	(void)state;
	for (k = 0; k < 100; k++) {
		for (i = 0; i < LEN(cpus); i++)
			c[i] = law(80, 0.1, 0.005, cpus[i]) * (1 + gsl_ran_gaussian(rng, 0.03));
		assert_int_equal(usl_fit(cpus, c, LEN(cpus), &fit), 0);
		assert_int_equal(fit.verdict, USL_FITS);
		assert_close(fit.l / 80, 1, 0.12);
		assert_close(fit.s, 0.1, 0.06);
		assert_close(fit.k / 0.005, 1, 0.25);
		assert_close(fit.peak / sqrt(0.9 / 0.005), 1, 0.1);
		sum += fit.residual;
	}
	assert_close(sum / 100, 0.03, 0.003);
	gsl_rng_free(rng);
}

/* More than twice as fast with two CPUs: s and k would have to be negative, and stay 0. */
static void superlinear(void **state)
{
	const double n[] = { 1, 2, 3, 4 }, c[] = { 10, 21, 32, 43 };
	struct usl fit;

	(void)state;
	assert_int_equal(usl_fit(n, c, LEN(n), &fit), 0);
	assert_int_equal(fit.verdict, USL_FITS);
	assert_true(fit.s == 0 && fit.k == 0 && isinf(fit.peak));
	assert_true(fit.l > 10 && fit.l < 11);
}

/* Up and down again and again is no law. */
static void poor(void **state)
{
	const double n[] = { 1, 2, 3, 4, 5, 6 }, c[] = { 10, 40, 12, 50, 11, 60 };
	struct usl fit;

	(void)state;
	assert_int_equal(usl_fit(n, c, LEN(n), &fit), 0);
	assert_int_equal(fit.verdict, USL_POOR);
	assert_true(fit.residual > USL_MAX_RESIDUAL);
}

static void not_points(void **state)
{
	static const double bad[] = { 0, -1, NAN, INFINITY };
	struct usl fit;
	size_t i;

	(void)state;
	for (i = 0; i < LEN(bad); i++) {
		const double n[] = { 1, 2, 3, 4 }, c[] = { 1, 2, bad[i], 4 };

		assert_int_equal(usl_fit(n, c, 4, &fit), -EINVAL);
		assert_int_equal(usl_fit(c, n, 4, &fit), -EINVAL);
		assert_true(isnan(fit.l));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exact), cmocka_unit_test(least),
		cmocka_unit_test(noise), cmocka_unit_test(superlinear),
		cmocka_unit_test(poor),	 cmocka_unit_test(not_points),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
