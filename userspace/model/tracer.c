// SPDX-License-Identifier: GPL-2.0
#include "model/tracer.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/refcost.h"
#include "results/rows.h"

/* A call's rows follow each other: the sum of one call is known when the next begins. */
struct reading {
	struct tracer_model *model;
	struct traced *group;
	double call;
};

static struct traced *group_of(struct tracer_model *t, const struct row *r)
{
	char experiment[TRACER_NAME] = "";
	const char *module = row_text(r, "module");
	struct traced *g;
	int level = 0;

	if (sscanf(row_text(r, "tag"), "%63[^-]-%d", experiment, &level) != 2)
		return NULL;
	if (!strcmp(experiment, "parallel"))
		module = "";
	g = (struct traced *)tracer_group(t, experiment, level, module);
	if (g)
		return g;
	g = array_append((void **)&t->traced, &t->nr_traced, sizeof(*g));
	if (!g)
		return NULL;
	memcpy(g->experiment, experiment, sizeof(experiment));
	g->level = level;
	snprintf(g->module, sizeof(g->module), "%s", module);
	return g;
}

static struct traced_phase *phase_of(struct traced *g, const char *label)
{
	struct traced_phase *p;
	size_t i;

	for (i = 0; i < g->nr_phases; i++)
		if (!strcmp(g->phases[i].label, label))
			return &g->phases[i];
	p = array_append((void **)&g->phases, &g->nr_phases, sizeof(*p));
	if (p)
		snprintf(p->label, sizeof(p->label), "%s", label);
	return p;
}

static int add_traced(void *arg, const struct row *r)
{
	struct reading *reading = arg;
	struct traced *g;
	struct traced_phase *p;

	if (row_num(r, "errno"))
		return 0;
	g = group_of(reading->model, r);
	if (!g)
		return -EINVAL;
	if (g != reading->group || row_num(r, "call") != reading->call)
		series_add(&g->total_ms, row_num(r, "total_ns") / 1e6);
	reading->group = g;
	reading->call = row_num(r, "call");
	p = phase_of(g, row_text(r, "phase"));
	if (!p)
		return -ENOMEM;
	series_add(&p->call, g->total_ms.n - 1);
	series_add(&p->us, row_num(r, "ns") / 1e3);
	series_add(&p->off_us, row_num(r, "off_ns") / 1e3);
	series_add(&p->start_us, row_num(r, "phase_start_ns") / 1e3);
	return 0;
}

static int start_cmp(const void *a, const void *b)
{
	const struct traced_phase *x = a, *y = b;

	return (x->start_us.s.median > y->start_us.s.median) -
	       (x->start_us.s.median < y->start_us.s.median);
}

/* Calls come in order of completion, so that each round of modules unloaded at once is together. */
static void find_last(struct traced *g)
{
	size_t i, k;

	if (strcmp(g->experiment, "parallel") || g->level < 1)
		return;
	for (i = 0; i + g->level <= g->total_ms.n; i += g->level) {
		double last = 0;

		for (k = i; k < i + g->level; k++)
			last = fmax(last, g->total_ms.v[k]);
		series_add(&g->last_ms, last);
	}
}

static int summarise_group(struct traced *g)
{
	struct series *totals[] = { &g->total_ms, &g->last_ms };
	double best = INFINITY, off;
	size_t i;
	int err;

	find_last(g);
	err = series_summarise_all(totals, ARRAY_SIZE(totals));
	for (i = 0; !err && i < g->nr_phases; i++) {
		struct traced_phase *p = &g->phases[i];
		struct series *all[] = { &p->us, &p->off_us, &p->start_us, &p->call };

		err = series_summarise_all(all, ARRAY_SIZE(all));
	}
	if (err)
		return err;
	qsort(g->phases, g->nr_phases, sizeof(*g->phases), start_cmp);
	for (i = 0; i < g->total_ms.n; i++) {
		off = fabs(g->total_ms.v[i] - g->total_ms.s.median);
		if (off < best) {
			best = off;
			g->typical = i;
		}
	}
	return 0;
}

int tracer_read(struct tracer_model *t, const char *dir)
{
	struct reading reading = { .model = t };
	size_t i;
	int err;

	err = rows_read(dir, "traced.csv", add_traced, &reading);
	if (err)
		return err;
	for (i = 0; !err && i < t->nr_traced; i++)
		err = summarise_group(&t->traced[i]);
	if (err == -EINVAL)
		return fail(EXIT_FAILED, "%s holds a number that is not finite: was it edited?",
			    dir);
	return err ? fail(EXIT_FAILED, "out of memory") : EXIT_FINE;
}

void tracer_free(struct tracer_model *t)
{
	size_t i, k;

	for (i = 0; i < t->nr_traced; i++) {
		for (k = 0; k < t->traced[i].nr_phases; k++) {
			free(t->traced[i].phases[k].us.v);
			free(t->traced[i].phases[k].off_us.v);
			free(t->traced[i].phases[k].start_us.v);
			free(t->traced[i].phases[k].call.v);
		}
		free(t->traced[i].phases);
		free(t->traced[i].total_ms.v);
		free(t->traced[i].last_ms.v);
	}
	free(t->traced);
	memset(t, 0, sizeof(*t));
}

const struct traced *tracer_group(const struct tracer_model *t, const char *experiment, int level,
				  const char *module)
{
	size_t i;

	for (i = 0; i < t->nr_traced; i++)
		if (t->traced[i].level == level && !strcmp(t->traced[i].experiment, experiment) &&
		    (!module || !strcmp(t->traced[i].module, module)))
			return &t->traced[i];
	return NULL;
}
