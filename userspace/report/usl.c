// SPDX-License-Identifier: GPL-2.0
/* RESULTS.md: the scalability law of each scheme, or why there is none. */
#include <math.h>
#include <string.h>

#include "report/md.h"

/* A peak this many times beyond what was measured is not predicted, only that it is not nearer. */
#define FAR 10

static void cell_peak(FILE *f, const struct usl *fit, int last)
{
	if (isinf(fit->peak))
		fputs(" none |", f);
	else if (fit->peak > FAR * last)
		fprintf(f, " beyond %d |", FAR * last);
	else
		fprintf(f, " %.1f |", fit->peak);
}

static void usl_row(const struct model *m, FILE *f, const struct scheme *s, const char **family)
{
	struct usl fit;
	bool fits = md_usl_of(m, s->name, &fit);

	if (!model_cell(m, s->name, REFCOST_GETPUT, md_lowest_cpus(m, REFCOST_GETPUT)))
		return;
	md_scheme(f, s, family, 6);
	if (fits) {
		md_cell(f, fit.l);
		fprintf(f, " %.3f | %.4f |", fit.s, fit.k);
		cell_peak(f, &fit, md_usl_last(m));
		fprintf(f, " %.1f %% |\n", 100 * fit.residual);
	} else if (fit.verdict == USL_FEW) {
		fprintf(f, " - | - | - | - | no fit: %zu points |\n", fit.points);
	} else if (isnan(fit.residual)) {
		fputs(" - | - | - | - | no fit: no such curve |\n", f);
	} else {
		fprintf(f, " - | - | - | - | no fit: misses by %.0f %% |\n", 100 * fit.residual);
	}
}

/* The most points that any scheme has for a fit. */
static size_t most_points(const struct model *m)
{
	struct usl fit;
	size_t most = 0, i;

	for (i = 0; i < m->nr_schemes; i++) {
		md_usl_of(m, m->schemes[i].name, &fit);
		if (fit.points > most)
			most = fit.points;
	}
	return most;
}

static void no_fit(const struct model *m, FILE *f)
{
	fprintf(f,
		"No fit: three parameters want at least %d numbers of CPUs, with a CPU for each worker; "
		"this run has %zu of them.",
		USL_MIN_POINTS, most_points(m));
	if (md_oversubscribed(m))
		fprintf(f,
			" Those beyond the host's %s CPUs are left out: what workers do there that share a "
			"CPU is the host's doing, and says nothing of the scheme.",
			model_text(m, "environment.machine.host_cpus"));
	fputs(" On a machine with CPUs enough `refcost run -c 1-4` gives four.\n\n", f);
}

void md_usl(const struct model *m, FILE *f)
{
	const char *family = NULL;
	size_t i;

	if (!md_lowest_cpus(m, REFCOST_GETPUT))
		return;
	fputs("### Scalability\n\nThe law C(N) = l N / (1 + s (N - 1) + k N (N - 1)) of the throughput of N "
	      "CPUs: *s* is what each further CPU waits for the others, *k* what each pair of CPUs costs, and "
	      "beyond the peak, where there is one, more CPUs do less.\n\n",
	      f);
	if (most_points(m) < USL_MIN_POINTS) {
		no_fit(m, f);
		return;
	}
	fputs("| scheme | l: million/s | s | k | peak: CPUs | residual |\n"
	      "|---|---:|---:|---:|---:|---:|\n",
	      f);
	for (i = 0; i < m->nr_schemes; i++)
		usl_row(m, f, &m->schemes[i], &family);
	fprintf(f,
		"\nFitted to the medians by relative deviation, s and k not negative; a term that is not worth "
		"its degree of freedom is 0. Residual: relative deviation per degree of freedom; no fit is given "
		"beyond %.0f %% of it, or with fewer than %d points. s of 1: all together do what one does.%s\n\n",
		100 * USL_MAX_RESIDUAL, USL_MIN_POINTS,
		md_oversubscribed(m) ? " Points with more workers than CPUs are left out." : "");
}
