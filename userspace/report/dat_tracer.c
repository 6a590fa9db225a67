// SPDX-License-Identifier: GPL-2.0
/*
 * Figure data from what the tracer saw.
 */
#include <math.h>
#include <string.h>

#include "base/refcost.h"
#include "report/dat.h"

/* Of one call: when this phase began and how long it took. */
static bool in_call(const struct traced_phase *p, int call, double *start, double *us, double *off)
{
	size_t i;

	for (i = 0; i < p->call.n; i++)
		if (p->call.v[i] == call) {
			*start = p->start_us.v[i];
			*us = p->us.v[i];
			*off = p->off_us.v[i];
			return true;
		}
	return false;
}

/* The call with the median total, of each victim, with grace periods as usual and expedited. */
void dat_waterfall(const struct model *m, struct dat *d)
{
	const struct tracer_model *t = &m->tracer;
	double start, us, off;
	size_t i, k;

	for (i = 0; i < t->nr_traced; i++) {
		const struct traced *g = &t->traced[i];

		if (strcmp(g->experiment, "grace"))
			continue;
		for (k = 0; k < g->nr_phases; k++) {
			if (!in_call(&g->phases[k], g->typical, &start, &us, &off))
				continue;
			if (!dat_row(d))
				return;
			fprintf(d->f, "%s %d %.6g \"%s\" %.6g %.6g %.6g\n", g->module, g->level,
				g->total_ms.v[g->typical], g->phases[k].label, start / 1e3,
				(us - off) / 1e3, off / 1e3);
		}
	}
}

static const struct part {
	const char *title;
	const char *label; /* how the labels of its phases begin */
} parts[] = {
	{ "wait for module_mutex", "lock wait" },
	{ "grace period of ftrace", "ftrace grace period" },
	{ "grace period under module_mutex", "grace period" },
	{ "all else", "" },
};

static size_t part_of(const char *label)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(parts) - 1; i++)
		if (!strncmp(label, parts[i].label, strlen(parts[i].label)) && !strstr(label, ".."))
			break;
	return i;
}

/* Means over all calls, which add up; a phase that a call has not got counts as 0 there. */
void dat_parallel(const struct model *m, struct dat *d)
{
	const struct tracer_model *t = &m->tracer;
	FILE *f = d->f;
	size_t i, k;

	for (i = 0; i < t->nr_traced; i++) {
		const struct traced *g = &t->traced[i];
		double sum[ARRAY_SIZE(parts)] = { 0 };

		if (strcmp(g->experiment, "parallel"))
			continue;
		for (k = 0; k < g->nr_phases; k++)
			sum[part_of(g->phases[k].label)] +=
				g->phases[k].us.s.mean * g->phases[k].us.n;
		for (k = 0; k < ARRAY_SIZE(parts); k++) {
			if (!dat_row(d))
				return;
			fprintf(f, "%d %zu \"%s\" %.6g", g->level, k, parts[k].title,
				sum[k] / g->total_ms.n / 1e3);
			dat_put(f, g->total_ms.s.median);
			dat_put_summary(f, &g->last_ms.s);
			fprintf(f, " %zu\n", g->last_ms.n);
		}
	}
}

void dat_modules(const struct model *m, struct dat *d)
{
	const struct tracer_model *t = &m->tracer;
	size_t i, k;

	for (i = 0; i < t->nr_traced; i++) {
		const struct traced *g = &t->traced[i];

		for (k = 0; strcmp(g->experiment, "parallel") && k < g->total_ms.n; k++) {
			if (!dat_row(d))
				return;
			fprintf(d->f, "%s %d %.6g\n", g->module,
				strcmp(g->experiment, "grace") ? 0 : g->level, g->total_ms.v[k]);
		}
	}
}
