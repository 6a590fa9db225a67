// SPDX-License-Identifier: GPL-2.0
#include "model/tracer.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/refcost.h"
#include "machine/spin.h"
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

static int add_to_blocks(struct watched **v, size_t *n, const struct row *r)
{
	const char *arm = row_text(r, "tag");
	int block = row_num_or_0(r, "block");
	struct watched *w = NULL;
	size_t i;

	if (row_num_or_0(r, "result"))
		return 0;
	for (i = 0; i < *n && !w; i++)
		if ((*v)[i].block == block && !strcmp((*v)[i].arm, arm))
			w = &(*v)[i];
	if (!w) {
		w = array_append((void **)v, n, sizeof(*w));
		if (!w)
			return -ENOMEM;
		snprintf(w->arm, sizeof(w->arm), "%s", arm);
		w->block = block;
	}
	series_add(&w->ms, row_num(r, "unload_ns") / 1e6);
	series_add(&w->load_cpu, row_num(r, "load_cpu_ns"));
	series_add(&w->look, row_num(r, "look_ns"));
	series_add(&w->cpu, row_num(r, "unload_cpu_ns"));
	return 0;
}

static int add_watched(void *arg, const struct row *r)
{
	struct tracer_model *t = arg;

	return add_to_blocks(&t->watched, &t->nr_watched, r);
}

static int add_counted(void *arg, const struct row *r)
{
	struct tracer_model *t = arg;

	return add_to_blocks(&t->counted, &t->nr_counted, r);
}

static int add_startup(void *arg, const struct row *r)
{
	struct tracer_model *t = arg;
	struct startup *s = (struct startup *)tracer_startup(t, row_text(r, "tool"));

	if (!s) {
		s = array_append((void **)&t->startups, &t->nr_startups, sizeof(*s));
		if (!s)
			return -ENOMEM;
		snprintf(s->tool, sizeof(s->tool), "%s", row_text(r, "tool"));
	}
	series_add(&s->ms, row_num(r, "ns") / 1e6);
	return 0;
}

static int add_hits(void *arg, const struct row *r)
{
	struct tracer_model *t = arg;
	struct hits *h = array_append((void **)&t->hits, &t->nr_hits, sizeof(*h));

	if (!h)
		return -ENOMEM;
	snprintf(h->arm, sizeof(h->arm), "%s", row_text(r, "arm"));
	h->per_cycle = row_num(r, "runs") / row_num(r, "cycles");
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

/* Unloads that a look tells were disturbed do not count, whatever they took. */
static void leave_out_disturbed(struct tracer_model *t)
{
	double fastest = INFINITY;
	size_t i, k, kept;

	for (i = 0; i < t->nr_watched; i++)
		for (k = 0; k < t->watched[i].look.n; k++)
			fastest = fmin(fastest, t->watched[i].look.v[k]);
	for (i = 0; i < t->nr_watched; i++) {
		struct watched *w = &t->watched[i];

		if (w->look.n != w->ms.n)
			continue;
		for (k = kept = 0; k < w->look.n; k++) {
			if (w->look.v[k] > SETTLED * fastest)
				continue;
			w->ms.v[kept] = w->ms.v[k];
			w->load_cpu.v[kept] = w->load_cpu.v[k];
			w->cpu.v[kept++] = w->cpu.v[k];
		}
		t->looked += w->look.n;
		t->disturbed += w->look.n - kept;
		w->ms.n = w->load_cpu.n = w->cpu.n = kept;
	}
}

bool tracer_enough(const struct watched *w)
{
	return w->ms.n >= (w->look.n ? TRACER_LEAST : 1);
}

static int summarise_watched(struct watched *v, size_t n)
{
	int err = 0;
	size_t i;

	for (i = 0; i < n && !err; i++) {
		struct series *all[] = { &v[i].ms, &v[i].load_cpu, &v[i].look, &v[i].cpu };

		if (v[i].ms.n)
			err = series_summarise_all(all, ARRAY_SIZE(all));
	}
	return err;
}

int tracer_read(struct tracer_model *t, const char *dir)
{
	struct reading reading = { .model = t };
	const struct rows_of files[] = {
		{ "traced.csv", add_traced, &reading },
		{ "watched.csv", add_watched, t },
		{ "watched-instructions.csv", add_counted, t },
		{ "startup.csv", add_startup, t },
		{ "hits.csv", add_hits, t },
	};
	size_t i;
	int err;

	err = rows_read_all(dir, files, ARRAY_SIZE(files));
	if (err)
		return err;
	for (i = 0; !err && i < t->nr_traced; i++)
		err = summarise_group(&t->traced[i]);
	leave_out_disturbed(t);
	if (!err)
		err = summarise_watched(t->watched, t->nr_watched);
	if (!err)
		err = summarise_watched(t->counted, t->nr_counted);
	for (i = 0; !err && i < t->nr_startups; i++)
		err = series_summarise(&t->startups[i].ms);
	if (err == -EINVAL)
		return fail(EXIT_FAILED, "%s holds a number that is not finite: was it edited?",
			    dir);
	return err ? fail(EXIT_FAILED, "out of memory") : EXIT_FINE;
}

static void free_watched(struct watched *v, size_t n)
{
	while (n--) {
		free(v[n].ms.v);
		free(v[n].load_cpu.v);
		free(v[n].cpu.v);
		free(v[n].look.v);
	}
	free(v);
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
	free_watched(t->watched, t->nr_watched);
	free_watched(t->counted, t->nr_counted);
	for (i = 0; i < t->nr_startups; i++)
		free(t->startups[i].ms.v);
	free(t->startups);
	free(t->hits);
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

static const struct watched *find_block(const struct watched *v, size_t n, const char *arm,
					int block)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (v[i].block == block && !strcmp(v[i].arm, arm))
			return &v[i];
	return NULL;
}

bool tracer_overhead(const struct tracer_model *t, const char *arm, struct stats_summary *s)
{
	double *ratio AUTO_FREE = array_new(t->nr_watched, sizeof(*ratio));
	size_t i, n = 0;

	for (i = 0; i < t->nr_watched; i++) {
		const struct watched *w = &t->watched[i], *none;

		none = find_block(t->watched, t->nr_watched, "none", w->block);
		if (none && !strcmp(w->arm, arm) && tracer_enough(w) && tracer_enough(none))
			ratio[n++] = w->ms.s.median / none->ms.s.median;
	}
	return n && !stats_summarise(ratio, n, s);
}

const struct watched *tracer_counted(const struct tracer_model *t, const char *arm)
{
	return find_block(t->counted, t->nr_counted, arm, 0);
}

const struct startup *tracer_startup(const struct tracer_model *t, const char *tool)
{
	size_t i;

	for (i = 0; i < t->nr_startups; i++)
		if (!strcmp(t->startups[i].tool, tool))
			return &t->startups[i];
	return NULL;
}

double tracer_hits(const struct tracer_model *t, const char *arm)
{
	size_t i;

	for (i = 0; i < t->nr_hits; i++)
		if (!strcmp(t->hits[i].arm, arm))
			return t->hits[i].per_cycle;
	return NAN;
}
