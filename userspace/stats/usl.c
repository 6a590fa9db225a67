// SPDX-License-Identifier: GPL-2.0
/* The Universal Scalability Law, fitted by GSL's weighted linear least squares. */
#include "stats/usl.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>

#include <gsl/gsl_multifit.h>

/* N / C(N) = a + b (N - 1) + c N (N - 1); terms that are left out are 0. */
#define TERMS 3
static const bool models[][TERMS] = {
	{ true, true, true },
	{ true, true, false },
	{ true, false, true },
	{ true, false, false },
};

static double term(int which, double n)
{
	return which == 0 ? 1 : which == 1 ? n - 1 : n * (n - 1);
}

double usl_at(const struct usl *fit, double n)
{
	return fit->l * n / (1 + fit->s * (n - 1) + fit->k * n * (n - 1));
}

/* Coefficients of the terms that a model has; 0 for the others. */
static int least_squares(const bool *has, const double *n, const double *c, size_t points,
			 double *coef)
{
	size_t width = has[0] + has[1] + has[2], i;
	gsl_multifit_linear_workspace *work = gsl_multifit_linear_alloc(points, width);
	gsl_matrix *x = gsl_matrix_alloc(points, width), *cov = gsl_matrix_alloc(width, width);
	gsl_vector *y = gsl_vector_alloc(points), *w = gsl_vector_alloc(points);
	gsl_vector *found = gsl_vector_alloc(width);
	int err = work && x && cov && y && w && found ? 0 : -ENOMEM, t, col;
	double chisq;

	for (i = 0; i < points && !err; i++) {
		for (t = 0, col = 0; t < TERMS; t++)
			if (has[t])
				gsl_matrix_set(x, i, col++, term(t, n[i]));
		gsl_vector_set(y, i, n[i] / c[i]);
		gsl_vector_set(w, i, pow(c[i] / n[i], 2));
	}
	if (!err)
		err = gsl_multifit_wlinear(x, w, y, found, cov, &chisq, work);
	for (t = 0, col = 0; t < TERMS && !err; t++)
		coef[t] = has[t] ? gsl_vector_get(found, col++) : 0;
	gsl_vector_free(found);
	gsl_vector_free(w);
	gsl_vector_free(y);
	gsl_matrix_free(cov);
	gsl_matrix_free(x);
	gsl_multifit_linear_free(work);
	return err;
}

static double residual(const struct usl *fit, const double *n, const double *c, size_t points)
{
	int terms = 1 + (fit->s > 0) + (fit->k > 0);
	double sum = 0;
	size_t i;

	for (i = 0; i < points; i++)
		sum += pow(usl_at(fit, n[i]) / c[i] - 1, 2);
	return sqrt(sum / (points - terms));
}

static double peak(const struct usl *fit)
{
	if (fit->s >= 1)
		return 1;
	return fit->k > 0 ? fmax(1, sqrt((1 - fit->s) / fit->k)) : INFINITY;
}

/*
 * Only a curve with no coefficient below 0 is a candidate; the best of these is the constrained
 * optimum.
 */
static int try_model(const bool *has, const double *n, const double *c, size_t points,
		     struct usl *best)
{
	struct usl fit = { .points = points };
	double coef[TERMS];
	int err;

	err = least_squares(has, n, c, points, coef);
	if (err || coef[0] <= 0 || coef[1] < 0 || coef[2] < 0)
		return err;
	fit.l = 1 / coef[0];
	fit.s = coef[1] / coef[0];
	fit.k = coef[2] / coef[0];
	fit.peak = peak(&fit);
	fit.residual = residual(&fit, n, c, points);
	fit.verdict = fit.residual > USL_MAX_RESIDUAL ? USL_POOR : USL_FITS;
	if (isnan(best->residual) || fit.residual < best->residual)
		*best = fit;
	return 0;
}

int usl_fit(const double *n, const double *c, size_t points, struct usl *fit)
{
	int err = 0;
	size_t i;

	*fit = (struct usl){ USL_FEW, points, NAN, NAN, NAN, NAN, NAN };
	for (i = 0; i < points; i++)
		if (!(n[i] > 0 && isfinite(n[i]) && c[i] > 0 && isfinite(c[i])))
			return -EINVAL;
	if (points < USL_MIN_POINTS)
		return 0;
	fit->verdict = USL_POOR;
	for (i = 0; i < sizeof(models) / sizeof(models[0]) && !err; i++)
		err = try_model(models[i], n, c, points, fit);
	return err;
}
