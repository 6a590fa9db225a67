// SPDX-License-Identifier: GPL-2.0
/* The cells of two runs, paired and judged. */
#include "compare/compare.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>

#include "base/refcost.h"
#include "model/counters.h"

/* What all cells are made with. */
struct pairing {
	struct compare *c;
	const struct model *a, *b;
	const struct compare_how *how;
	const char *events[COUNTERS_MOST];
	size_t nr_events;
};

static bool wanted(const struct compare_how *how, enum compare_what what, const char *scheme)
{
	size_t i;

	for (i = 0; i < how->nr_schemes && strcmp(how->schemes[i], scheme); i++)
		;
	return !how->leave_out[what] && (!how->schemes || i < how->nr_schemes);
}

/* What shared a CPU is shown, and no more: the time was the host's to give. */
static void judge(struct compare_cell *cell, double threshold)
{
	if (cell->oversubscribed || isnan(cell->ratio.ratio) || isnan(cell->ratio.lo))
		cell->verdict = COMPARE_FEW;
	else if (cell->ratio.lo > 1)
		cell->verdict = COMPARE_SLOWER;
	else if (cell->ratio.hi < 1)
		cell->verdict = COMPARE_FASTER;
	else
		cell->verdict = COMPARE_NONE;
	cell->regressed = cell->verdict == COMPARE_SLOWER && cell->ratio.ratio > 1 + threshold;
}

/* The scheme is looked up in B, which everything that is shown is ordered by. */
static struct compare_cell *cell_add(struct pairing *p, enum compare_what what,
				     const struct cell_key *key)
{
	struct compare_cell *v = reallocarray(p->c->v, p->c->n + 1, sizeof(*v));

	if (!v)
		return NULL;
	p->c->v = v;
	v += p->c->n++;
	*v = (struct compare_cell){
		.what = what,
		.key = *key,
		.scheme = model_scheme(p->b, key->scheme),
		.event = "",
	};
	return v;
}

const char *compare_mode(const struct compare_cell *cell)
{
	return cell->what == COMPARE_UNLOAD ? arm_names[cell->key.arm] : mode_names[cell->key.mode];
}

double compare_at(const struct compare_cell *cell)
{
	return cell->what == COMPARE_UNLOAD ? (double)cell->key.hold_ns : cell->key.cpus;
}

/* What makes the windows of a cell doubtful, in either run. */
static void mark(struct compare_cell *cell, const struct cell *a, const struct cell *b)
{
	cell->oversubscribed = a->oversubscribed || b->oversubscribed;
	cell->unreliable = a->flagged || b->flagged || !a->steady || !b->steady;
}

static int time_add(struct pairing *p, const struct cell *a, const struct cell *b)
{
	struct compare_cell *cell = cell_add(p, COMPARE_TIME, &b->key);
	int err;

	if (!cell)
		return -ENOMEM;
	cell->several = p->a->nr_elsewhere || p->b->nr_elsewhere;
	cell->elsewhere = cell->several && b->place;
	cell->a = (struct compare_side){ .n = a->ns.n, .median = a->ns.s.median };
	cell->b = (struct compare_side){ .n = b->ns.n, .median = b->ns.s.median };
	mark(cell, a, b);
	err = bootstrap_ratio(a->ns.v, a->ns.n, b->ns.v, b->ns.n, p->how->seed, &cell->ratio);
	judge(cell, p->how->threshold);
	return err;
}

/* Times to success, ascending, to be freed; a starved unload took longer than any of them. */
static double *success_times(const struct arm *arm)
{
	double *v = calloc(arm->cycles + 1, sizeof(*v));
	size_t i;

	if (!v)
		return NULL;
	for (i = 0; i < arm->cycles; i++)
		v[i] = i < arm->success_ms.n ? arm->success_ms.v[i] : INFINITY;
	gsl_sort(v, 1, arm->cycles);
	return v;
}

static struct compare_side unload_side(const struct arm *arm, const double *times)
{
	return (struct compare_side){
		.n = arm->cycles,
		.starved = arm->cycles - arm->success_ms.n,
		.median = gsl_stats_median_from_sorted_data(times, 1, arm->cycles),
	};
}

static int unload_add(struct pairing *p, const struct arm *a, const struct arm *b)
{
	struct compare_cell *cell = cell_add(p, COMPARE_UNLOAD, &b->key);
	double *va = success_times(a), *vb = success_times(b);
	int err = -ENOMEM;

	if (cell && va && vb) {
		cell->a = unload_side(a, va);
		cell->b = unload_side(b, vb);
		cell->oversubscribed = model_crowded(p->a) || model_crowded(p->b);
		err = bootstrap_ratio(va, a->cycles, vb, b->cycles, p->how->seed, &cell->ratio);
		judge(cell, p->how->threshold);
	}
	free(va);
	free(vb);
	return err;
}

static int instructions_add(struct pairing *p, double a, const struct count *count)
{
	struct compare_cell *cell = cell_add(p, COMPARE_INSTRUCTIONS, &count->key);
	double b = count->instructions;

	if (!cell)
		return -ENOMEM;
	cell->a = (struct compare_side){ .n = 1, .median = a };
	cell->b = (struct compare_side){ .n = 1, .median = b };
	cell->ratio = (struct bootstrap){ b / a, NAN, NAN };
	cell->verdict = b > a ? COMPARE_SLOWER : b < a ? COMPARE_FASTER : COMPARE_NONE;
	cell->regressed = cell->ratio.ratio > 1 + p->how->threshold;
	return 0;
}

/* Where each run has one placement and layout their names say no more than their plans do. */
static const struct cell *other_time(const struct pairing *p, const struct cell *b)
{
	if (p->a->nr_elsewhere || p->b->nr_elsewhere)
		return model_placed(p->a, b, b->key.placement, b->key.layout);
	return model_cell(p->a, b->key.scheme, b->key.mode, b->key.cpus);
}

/* Longer holds are in no comparison. */
static bool has_time(const struct cell *c)
{
	return c->base || c->place;
}

static int add_times(struct pairing *p, int mode)
{
	int err = 0;
	size_t i;

	for (i = 0; i < model_all_cells(p->b) && !err; i++) {
		const struct cell *b = &p->b->cells[i], *a = other_time(p, b);

		if (!has_time(b))
			continue;
		if ((int)b->key.mode != mode || !wanted(p->how, COMPARE_TIME, b->key.scheme))
			continue;
		if (a)
			err = time_add(p, a, b);
	}
	return err;
}

static int add_unloads(struct pairing *p, int arm)
{
	int err = 0;
	size_t i;

	for (i = 0; i < p->b->nr_arms && !err; i++) {
		const struct arm *b = &p->b->arms[i];
		const struct arm *a = model_arm_at(p->a, b->key.scheme, b->key.arm, b->key.hold_ns);

		if ((int)b->key.arm != arm || !wanted(p->how, COMPARE_UNLOAD, b->key.scheme))
			continue;
		if (a)
			err = unload_add(p, a, b);
	}
	return err;
}

static int add_instructions(struct pairing *p, int mode)
{
	int err = 0;
	size_t i;

	for (i = 0; i < p->b->nr_counts && !err; i++) {
		const struct count *b = &p->b->counts[i];
		double a = model_instructions(p->a, b->key.scheme, mode);

		if ((int)b->key.mode == mode && !isnan(a) &&
		    wanted(p->how, COMPARE_INSTRUCTIONS, b->key.scheme))
			err = instructions_add(p, a, b);
	}
	return err;
}

static bool wanted_event(const struct compare_how *how, const char *event)
{
	size_t i;

	for (i = 0; i < how->nr_events && strcmp(how->events[i], event); i++)
		;
	return !how->leave_out[COMPARE_COUNTER] && (!how->events || i < how->nr_events);
}

size_t compare_events(const struct model *a, const struct model *b, const struct compare_how *how,
		      const char **events)
{
	size_t n = counters_events(b, events), kept = 0, i;

	for (i = 0; i < n; i++)
		if (wanted_event(how, events[i]) && !counters_lacking(a, events[i]))
			events[kept++] = events[i];
	return kept;
}

static const struct cell *cell_of(const struct model *m, const struct counter *c)
{
	return model_cell(m, c->key.scheme, c->key.mode, c->key.cpus);
}

static bool has_count(const struct pairing *p, const struct model *m, const struct counter *c,
		      const char *event)
{
	return !strcmp(c->event, event) && c->per_op.n && cell_of(m, c) &&
	       wanted(p->how, COMPARE_COUNTER, c->key.scheme);
}

/*
 * Counters are of each run's first placement and layout: where there are several these may not be
 * the same.
 */
static const struct counter *other_counter(const struct pairing *p, const struct counter *b)
{
	const struct counter *a =
		counters_find(p->a, b->key.scheme, b->key.mode, b->key.cpus, b->event);
	bool several = p->a->nr_elsewhere || p->b->nr_elsewhere;
	const struct cell *ca, *cb;

	if (!a || !has_count(p, p->a, a, b->event))
		return NULL;
	ca = cell_of(p->a, a);
	cb = cell_of(p->b, b);
	return several && key_cmp(&ca->key, &cb->key, KEY_PLACEMENT | KEY_LAYOUT) ? NULL : a;
}

static int counter_add(struct pairing *p, const struct counter *a, const struct counter *b)
{
	struct compare_cell *cell = cell_add(p, COMPARE_COUNTER, &b->key);
	int err;

	if (!cell)
		return -ENOMEM;
	cell->event = b->event;
	cell->a = (struct compare_side){ .n = a->per_op.n, .median = a->per_op.s.median };
	cell->b = (struct compare_side){ .n = b->per_op.n, .median = b->per_op.s.median };
	cell->multiplexed = a->share < 1 || b->share < 1;
	mark(cell, cell_of(p->a, a), cell_of(p->b, b));
	err = bootstrap_counts(a->per_op.v, a->per_op.n, b->per_op.v, b->per_op.n, p->how->seed,
			       &cell->ratio);
	judge(cell, p->how->threshold);
	cell->regressed &= p->how->counters_regress;
	return err;
}

static int add_counters(struct pairing *p, int mode)
{
	int err = 0;
	size_t k, i;

	for (k = 0; k < p->nr_events; k++)
		for (i = 0; i < p->b->counters.n && !err; i++) {
			const struct counter *b = &p->b->counters.v[i], *a;

			if ((int)b->key.mode != mode || !has_count(p, p->b, b, p->events[k]))
				continue;
			a = other_counter(p, b);
			if (a)
				err = counter_add(p, a, b);
		}
	return err;
}

static size_t cells_of(const struct pairing *p, const struct model *m)
{
	const struct compare_how *how = p->how;
	size_t n = 0, i, k;

	for (i = 0; i < model_all_cells(m); i++)
		n += has_time(&m->cells[i]) && wanted(how, COMPARE_TIME, m->cells[i].key.scheme);
	for (i = 0; i < m->nr_arms; i++)
		n += wanted(how, COMPARE_UNLOAD, m->arms[i].key.scheme);
	for (i = 0; i < m->nr_counts; i++)
		n += wanted(how, COMPARE_INSTRUCTIONS, m->counts[i].key.scheme);
	for (k = 0; k < p->nr_events; k++)
		for (i = 0; i < m->counters.n; i++)
			n += has_count(p, m, &m->counters.v[i], p->events[k]);
	return n;
}

int compare_models(struct compare *c, const struct model *a, const struct model *b,
		   const struct compare_how *how)
{
	static const struct {
		int (*add)(struct pairing *p, int what);
		int what;
	} parts[] = {
		{ add_times, REFCOST_GETPUT },
		{ add_times, REFCOST_LOOKUP },
		{ add_unloads, ARM_IDLE },
		{ add_unloads, ARM_LOADED },
		{ add_instructions, REFCOST_GETPUT },
		{ add_instructions, REFCOST_LOOKUP },
		{ add_counters, REFCOST_GETPUT },
		{ add_counters, REFCOST_LOOKUP },
	};
	struct pairing p = { .c = c, .a = a, .b = b, .how = how };
	int err = 0;
	size_t i;

	*c = (struct compare){ 0 };
	p.nr_events = compare_events(a, b, how, p.events);
	for (i = 0; i < ARRAY_SIZE(parts) && !err; i++)
		err = parts[i].add(&p, parts[i].what);
	c->alone_a = cells_of(&p, a) - c->n;
	c->alone_b = cells_of(&p, b) - c->n;
	if (!err)
		return EXIT_FINE;
	compare_free(c);
	return fail(EXIT_FAILED, "cannot compare %s and %s: %s", a->results.dir, b->results.dir,
		    strerror(-err));
}

void compare_free(struct compare *c)
{
	free(c->v);
	*c = (struct compare){ 0 };
}

size_t compare_count(const struct compare *c, enum compare_what what, enum compare_verdict verdict)
{
	size_t i, n = 0;

	for (i = 0; i < c->n; i++)
		n += c->v[i].verdict == verdict && c->v[i].what == what;
	return n;
}

size_t compare_regressed(const struct compare *c)
{
	size_t i, n = 0;

	for (i = 0; i < c->n; i++)
		n += c->v[i].regressed;
	return n;
}
