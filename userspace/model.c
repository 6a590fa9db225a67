// SPDX-License-Identifier: GPL-2.0
/*
 * Reading a results directory back.
 */
#include "model.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "csv.h"
#include "refcost.h"

static int series_add(struct series *s, double value)
{
	double *v;

	if (isnan(value))
		return 0;
	/* doubled at each power of two */
	if (!(s->n & (s->n - 1))) {
		v = reallocarray(s->v, s->n ? s->n * 2 : 1, sizeof(*v));
		if (!v)
			return -ENOMEM;
		s->v = v;
	}
	s->v[s->n++] = value;
	return 0;
}

static void *append(void **v, size_t *n, size_t size)
{
	char *grown = reallocarray(*v, *n + 1, size);

	if (!grown)
		return NULL;
	*v = grown;
	memset(grown + *n * size, 0, size);
	return grown + size * (*n)++;
}

/* A row of a CSV file, by column name; an absent column is an empty text. */
struct row {
	const struct csv *csv;
	size_t i;
};

static const char *text(const struct row *r, const char *name)
{
	int col = csv_col(r->csv, name);

	return col < 0 ? "" : csv_get(r->csv, r->i, col);
}

static double num(const struct row *r, const char *name)
{
	int col = csv_col(r->csv, name);

	return col < 0 ? NAN : csv_num(r->csv, r->i, col);
}

/* A field that is not there counts for nothing. */
static double num_or_0(const struct row *r, const char *name)
{
	double v = num(r, name);

	return isnan(v) ? 0 : v;
}

/* The scheme of that name, made where it is new. */
static struct scheme *scheme_get(struct model *m, const char *name)
{
	struct scheme *s = (struct scheme *)model_scheme(m, name);

	if (s)
		return s;
	s = append((void **)&m->schemes, &m->nr_schemes, sizeof(*s));
	if (!s)
		return NULL;
	snprintf(s->name, sizeof(s->name), "%s", name);
	s->place = SIZE_MAX;
	return s;
}

static int add_scheme(struct model *m, const struct row *r)
{
	struct scheme *s = scheme_get(m, text(r, "scheme"));

	if (!s)
		return -ENOMEM;
	snprintf(s->family, sizeof(s->family), "%s", text(r, "family"));
	snprintf(s->what, sizeof(s->what), "%s", text(r, "what"));
	snprintf(s->from, sizeof(s->from), "%s", text(r, "from"));
	snprintf(s->busy, sizeof(s->busy), "%s", text(r, "busy"));
	s->floor = !strcmp(s->family, "floor");
	s->place = r->i;
	return 0;
}

/* The scheme of a row of data, which is therefore one to report on. */
static int use_scheme(struct model *m, const struct row *r)
{
	struct scheme *s = scheme_get(m, text(r, "scheme"));

	if (!s)
		return -ENOMEM;
	s->used = true;
	s->floor |= num(r, "floor") > 0;
	return 0;
}

static int add_sample(struct model *m, const struct row *r)
{
	int cpus = num(r, "cpus"), err = use_scheme(m, r);
	struct cell *c = (struct cell *)model_cell(m, text(r, "scheme"), text(r, "mode"), cpus);

	if (err)
		return err;
	if (!c) {
		c = append((void **)&m->cells, &m->nr_cells, sizeof(*c));
		if (!c)
			return -ENOMEM;
		snprintf(c->scheme, sizeof(c->scheme), "%s", text(r, "scheme"));
		snprintf(c->mode, sizeof(c->mode), "%s", text(r, "mode"));
		c->cpus = cpus;
		c->floor = num(r, "floor") > 0;
	}
	c->oversubscribed |= num(r, "oversubscribed") > 0;
	c->flagged += num(r, "overlap") < 0.9;
	err = series_add(&c->ns, num(r, "ns_per_op"));
	if (!isnan(num(r, "ns_per_op")))
		err = err ?: series_add(&c->block, num(r, "block"));
	err = err ?: series_add(&c->lost, 1 - num(r, "ns_per_op") / num(r, "ns_elapsed"));
	err = err ?: series_add(&c->mops, 1e3 * cpus / num(r, "ns_elapsed"));
	return err ?: series_add(&c->fair, num(r, "fairness"));
}

/* The bystander's columns; rows without one hold zeroes, older files nothing. */
static int add_bystander(struct arm *a, const struct row *r)
{
	int err;

	if (!(num(r, "bystanders") > 0)) {
		a->bystander_ops = a->bystander_failed = NAN;
		return 0;
	}
	a->bystander_ops += num(r, "bystander_ops");
	a->bystander_failed += num(r, "bystander_failed");
	err = series_add(&a->bystander_us, num(r, "bystander_unload_ns") / 1e3);
	return err ?: series_add(&a->bystander_calm_us, num(r, "bystander_calm_ns") / 1e3);
}

static int add_users(struct arm *a, const struct row *r)
{
	int err;

	if (!a->workers)
		return 0;
	err = series_add(&a->stall_us, num(r, "stall_unload_ns") / 1e3);
	err = err ?: series_add(&a->calm_us, num(r, "stall_calm_ns") / 1e3);
	return err ?: add_bystander(a, r);
}

static int add_gone(struct arm *a, const struct row *r)
{
	int err;

	a->gone++;
	err = series_add(&a->success_ms, num(r, "success_ns") / 1e6);
	err = err ?: series_add(&a->wait_ms, num(r, "success_ns") / 1e6);
	err = err ?: series_add(&a->gate_us, num(r, "gate_ns") / 1e3);
	err = err ?: series_add(&a->delete_ms, num(r, "delete_ns") / 1e6);
	err = err ?: series_add(&a->response_ms, num(r, "response_ns") / 1e6);
	return err ?: series_add(&a->rmmod_ms, (num(r, "gate_ns") + num(r, "delete_ns")) / 1e6);
}

static int add_starved(struct arm *a, const struct row *r)
{
	double tried = num(r, "tried_ns") > 0 ? num(r, "tried_ns") / 1e6 : NAN;

	return series_add(&a->tried_ms, tried) ?: series_add(&a->wait_ms, tried);
}

static struct arm *arm_get(struct model *m, const struct row *r)
{
	double hold = num_or_0(r, "hold_ns");
	struct arm *a = (struct arm *)model_arm_at(m, text(r, "scheme"), text(r, "arm"), hold);

	if (a)
		return a;
	a = append((void **)&m->arms, &m->nr_arms, sizeof(*a));
	if (!a)
		return NULL;
	snprintf(a->scheme, sizeof(a->scheme), "%s", text(r, "scheme"));
	snprintf(a->arm, sizeof(a->arm), "%s", text(r, "arm"));
	a->hold_ns = hold;
	a->workers = num_or_0(r, "workers");
	return a;
}

static int add_unload(struct model *m, const struct row *r)
{
	struct arm *a = arm_get(m, r);
	int err = use_scheme(m, r);

	if (!a || err)
		return -ENOMEM;
	a->cycles++;
	a->ops += num_or_0(r, "ops");
	a->failed += num(r, "failed");
	a->refused += num(r, "refused");
	a->spurious += num(r, "spurious");
	a->violations += num(r, "violations");
	if (num(r, "records") > 0)
		a->records += num(r, "records");
	err = series_add(&a->attempts, num(r, "attempts")) ?: add_users(a, r);
	return err ?: (num(r, "gone") > 0 ? add_gone(a, r) : add_starved(a, r));
}

static struct phase *find_phase(const struct model *m, const char *scheme, const char *arm,
				int index)
{
	size_t i;

	for (i = 0; i < m->nr_phases; i++)
		if (m->phases[i].index == index && !strcmp(m->phases[i].scheme, scheme) &&
		    !strcmp(m->phases[i].arm, arm))
			return &m->phases[i];
	return NULL;
}

static int add_phase(struct model *m, const struct row *r)
{
	int index = num(r, "index"), err;
	struct phase *p = find_phase(m, text(r, "scheme"), text(r, "arm"), index);
	double hold = num(r, "hold_ns"), least = model_next_hold(m, text(r, "arm"), -1);

	if (!isnan(hold) && !isnan(least) && hold > least)
		return 0;
	if (!p) {
		p = append((void **)&m->phases, &m->nr_phases, sizeof(*p));
		if (!p)
			return -ENOMEM;
		snprintf(p->scheme, sizeof(p->scheme), "%s", text(r, "scheme"));
		snprintf(p->arm, sizeof(p->arm), "%s", text(r, "arm"));
		snprintf(p->label, sizeof(p->label), "%s", text(r, "phase"));
		p->index = index;
	}
	p->merged += num(r, "merged") > 0;
	err = series_add(&p->us, num(r, "ns") / 1e3);
	return err ?: series_add(&p->off_us, num(r, "off_ns") / 1e3);
}

/* Two boots agree to the digit, so that the first block is as good as any. */
static int add_count(struct model *m, const struct row *r)
{
	struct count *c;

	if (num(r, "block") > 0)
		return 0;
	c = append((void **)&m->counts, &m->nr_counts, sizeof(*c));
	if (!c)
		return -ENOMEM;
	snprintf(c->scheme, sizeof(c->scheme), "%s", text(r, "scheme"));
	snprintf(c->mode, sizeof(c->mode), "%s", text(r, "mode"));
	c->instructions = num(r, "instructions");
	return use_scheme(m, r);
}

static int add_loading(struct model *m, const struct row *r)
{
	struct loading *l =
		(struct loading *)model_loading(m, text(r, "scheme"), text(r, "phases"));
	int err = use_scheme(m, r);

	if (err)
		return err;
	if (!l) {
		l = append((void **)&m->loadings, &m->nr_loadings, sizeof(*l));
		if (!l)
			return -ENOMEM;
		snprintf(l->scheme, sizeof(l->scheme), "%s", text(r, "scheme"));
		snprintf(l->phases, sizeof(l->phases), "%s", text(r, "phases"));
		l->workers = num_or_0(r, "workers");
	}
	l->cycles++;
	l->hit += num(r, "refused") > 0;
	l->violations += num_or_0(r, "violations");
	err = series_add(&l->refused, num(r, "refused"));
	err = err ?: series_add(&l->window_us, num(r, "window_ns") / 1e3);
	return err ?: series_add(&l->load_ms, num(r, "load_ns") / 1e6);
}

/* Hand every row of a file to @add. A file that is not there has no rows. */
static int each_row(struct model *m, const char *name,
		    int (*add)(struct model *m, const struct row *r))
{
	char path[PATH_MAX + 64];
	struct csv csv;
	struct row r = { .csv = &csv };
	int err;

	snprintf(path, sizeof(path), "%s/%s", m->results.dir, name);
	err = csv_read(path, &csv);
	if (err == -ENOENT)
		return EXIT_FINE;
	if (err)
		return fail(EXIT_FAILED, "cannot read %s: %s", path, strerror(-err));
	for (r.i = 0; !err && r.i < csv.rows; r.i++)
		err = add(m, &r);
	csv_free(&csv);
	return err ? fail(EXIT_FAILED, "cannot read %s: %s", path, strerror(-err)) : EXIT_FINE;
}

static int summarise(struct series *s)
{
	return stats_summarise(s->v, s->n, &s->s);
}

/* All series of an arm, for what is done to each. */
#define ARM_SERIES(a)                                                                           \
	{                                                                                       \
		&(a)->success_ms, &(a)->wait_ms, &(a)->tried_ms, &(a)->rmmod_ms, &(a)->gate_us, \
			&(a)->delete_ms, &(a)->attempts, &(a)->stall_us, &(a)->calm_us,         \
			&(a)->bystander_us, &(a)->bystander_calm_us, &(a)->response_ms          \
	}

static int summarise_cell(struct cell *c)
{
	c->steady = stats_drift(c->ns.v, c->ns.n, &c->drift);
	return summarise(&c->ns) ?: summarise(&c->lost) ?: summarise(&c->mops) ?:
		summarise(&c->fair);
}

static int summarise_arm(struct arm *a)
{
	struct series *all[] = ARM_SERIES(a);
	int err = 0;
	size_t k;

	for (k = 0; k < ARRAY_SIZE(all); k++)
		err = err ?: summarise(all[k]);
	return err;
}

static int summarise_all(struct model *m)
{
	int err = 0;
	size_t i;

	for (i = 0; i < m->nr_cells; i++)
		err = err ?: summarise_cell(&m->cells[i]);
	for (i = 0; i < m->nr_arms; i++)
		err = err ?: summarise_arm(&m->arms[i]);
	for (i = 0; i < m->nr_phases; i++)
		err = err ?: summarise(&m->phases[i].us) ?: summarise(&m->phases[i].off_us);
	for (i = 0; i < m->nr_loadings; i++)
		err = err ?: summarise(&m->loadings[i].refused) ?:
			summarise(&m->loadings[i].window_us) ?: summarise(&m->loadings[i].load_ms);
	return err ? fail(EXIT_FAILED, "out of memory") : EXIT_FINE;
}

static void mark_base(struct model *m)
{
	size_t i;

	for (i = 0; i < m->nr_arms; i++)
		m->arms[i].base = m->arms[i].hold_ns == model_next_hold(m, m->arms[i].arm, -1);
}

/* Rows come in random order; tables want schemes by family, CPUs ascending. */
static size_t plan_place(const struct model *m, const char *scheme)
{
	static const char *const plans[] = { "run.plan.schemes", "unload.plan.schemes" };
	size_t i, k;

	for (k = 0; k < ARRAY_SIZE(plans); k++) {
		struct json_object *list = model_get(m, plans[k]);

		for (i = 0; list && i < json_object_array_length(list); i++)
			if (!strcmp(json_object_get_string(json_object_array_get_idx(list, i)),
				    scheme))
				return i;
	}
	return SIZE_MAX;
}

static int scheme_cmp(const void *a, const void *b)
{
	const struct scheme *x = a, *y = b;

	return x->rank - y->rank ?:
		       (x->place > y->place) - (x->place < y->place) ?:
		       strcmp(x->name, y->name);
}

/* The family's first scheme; schemes are in their places. */
static const struct scheme *family_first(const struct model *m, const char *family)
{
	const struct scheme *first = NULL;
	size_t i;

	for (i = 0; i < m->nr_schemes; i++)
		if (!strcmp(m->schemes[i].family, family) &&
		    (!first || m->schemes[i].rank < first->rank))
			first = &m->schemes[i];
	return first;
}

/* Where the directory describes its schemes, in that order; others after them, as planned. */
static void place_schemes(struct model *m)
{
	size_t i, n = 0;

	for (i = 0; i < m->nr_schemes; i++) {
		struct scheme *s = &m->schemes[i];

		if (!s->used)
			continue;
		if (!*s->family)
			snprintf(s->family, sizeof(s->family), s->floor ? "floor" : "schemes");
		if (s->place == SIZE_MAX) {
			size_t plan = plan_place(m, s->name);

			s->place = plan < SIZE_MAX - m->nr_schemes ? m->nr_schemes + plan : plan;
		}
		m->schemes[n++] = *s;
	}
	m->nr_schemes = n;
}

/* Families come in the order of their first schemes, and schemes of a family together. */
static void sort_schemes(struct model *m)
{
	int families = 0;
	size_t i;

	place_schemes(m);
	if (!m->nr_schemes)
		return;
	qsort(m->schemes, m->nr_schemes, sizeof(*m->schemes), scheme_cmp);
	for (i = 0; i < m->nr_schemes; i++)
		m->schemes[i].rank = i;
	for (i = 0; i < m->nr_schemes; i++)
		m->schemes[i].rank = family_first(m, m->schemes[i].family)->rank;
	qsort(m->schemes, m->nr_schemes, sizeof(*m->schemes), scheme_cmp);
	for (i = 0; i < m->nr_schemes; i++) {
		struct scheme *s = &m->schemes[i];
		bool new = !i || strcmp(s->family, s[-1].family);

		s->slot = new ? 1 : s[-1].slot + 1;
		families += new &&strcmp(s->family, "floor");
		s->rank = strcmp(s->family, "floor") ? families : 0;
	}
}

static int place_cmp(const struct model *m, const char *a, const char *b)
{
	const struct scheme *x = model_scheme(m, a), *y = model_scheme(m, b);

	return (x > y) - (x < y) ?: strcmp(a, b);
}

static int cell_cmp(const void *a, const void *b, void *m)
{
	const struct cell *x = a, *y = b;

	return place_cmp(m, x->scheme, y->scheme) ?: strcmp(x->mode, y->mode) ?: x->cpus - y->cpus;
}

static int arm_cmp(const void *a, const void *b, void *m)
{
	const struct arm *x = a, *y = b;

	return place_cmp(m, x->scheme, y->scheme) ?: strcmp(x->arm, y->arm) ?:
	       (x->hold_ns > y->hold_ns) - (x->hold_ns < y->hold_ns);
}

static int phase_cmp(const void *a, const void *b, void *m)
{
	const struct phase *x = a, *y = b;

	return place_cmp(m, x->scheme, y->scheme) ?: strcmp(x->arm, y->arm) ?: x->index - y->index;
}

static void sort_all(struct model *m)
{
	sort_schemes(m);
	if (m->nr_cells)
		qsort_r(m->cells, m->nr_cells, sizeof(*m->cells), cell_cmp, m);
	if (m->nr_arms)
		qsort_r(m->arms, m->nr_arms, sizeof(*m->arms), arm_cmp, m);
	if (m->nr_phases)
		qsort_r(m->phases, m->nr_phases, sizeof(*m->phases), phase_cmp, m);
}

int model_read(struct model *m, const char *dir)
{
	int err;

	memset(m, 0, sizeof(*m));
	err = results_load(&m->results, dir);
	if (err)
		return err;
	err = each_row(m, "schemes.csv", add_scheme);
	err = err ?: each_row(m, "samples.csv", add_sample);
	err = err ?: each_row(m, "unload.csv", add_unload);
	err = err ?: each_row(m, "phases.csv", add_phase);
	err = err ?: each_row(m, "instructions.csv", add_count);
	err = err ?: each_row(m, "loading.csv", add_loading);
	err = err ?: summarise_all(m);
	if (err) {
		model_free(m);
		return err;
	}
	mark_base(m);
	sort_all(m);
	return EXIT_FINE;
}

void model_free(struct model *m)
{
	size_t i, k;

	for (i = 0; i < m->nr_cells; i++) {
		free(m->cells[i].ns.v);
		free(m->cells[i].block.v);
		free(m->cells[i].lost.v);
		free(m->cells[i].mops.v);
		free(m->cells[i].fair.v);
	}
	for (i = 0; i < m->nr_arms; i++) {
		struct series *all[] = ARM_SERIES(&m->arms[i]);

		for (k = 0; k < ARRAY_SIZE(all); k++)
			free(all[k]->v);
	}
	for (i = 0; i < m->nr_phases; i++) {
		free(m->phases[i].us.v);
		free(m->phases[i].off_us.v);
	}
	for (i = 0; i < m->nr_loadings; i++) {
		free(m->loadings[i].refused.v);
		free(m->loadings[i].window_us.v);
		free(m->loadings[i].load_ms.v);
	}
	free(m->schemes);
	free(m->cells);
	free(m->arms);
	free(m->phases);
	free(m->counts);
	free(m->loadings);
	results_close(&m->results);
	memset(m, 0, sizeof(*m));
}

const struct cell *model_cell(const struct model *m, const char *scheme, const char *mode, int cpus)
{
	size_t i;

	for (i = 0; i < m->nr_cells; i++)
		if (m->cells[i].cpus == cpus && !strcmp(m->cells[i].scheme, scheme) &&
		    !strcmp(m->cells[i].mode, mode))
			return &m->cells[i];
	return NULL;
}

const struct scheme *model_scheme(const struct model *m, const char *name)
{
	size_t i;

	for (i = 0; i < m->nr_schemes; i++)
		if (!strcmp(m->schemes[i].name, name))
			return &m->schemes[i];
	return NULL;
}

const struct arm *model_arm(const struct model *m, const char *scheme, const char *arm)
{
	return model_arm_at(m, scheme, arm, model_next_hold(m, arm, -1));
}

const struct arm *model_arm_at(const struct model *m, const char *scheme, const char *arm,
			       double hold_ns)
{
	size_t i;

	for (i = 0; i < m->nr_arms; i++)
		if (m->arms[i].hold_ns == hold_ns && !strcmp(m->arms[i].scheme, scheme) &&
		    !strcmp(m->arms[i].arm, arm))
			return &m->arms[i];
	return NULL;
}

const struct stats_summary *model_success(const struct arm *a)
{
	return a && 2 * a->gone > a->cycles ? &a->wait_ms.s : NULL;
}

double model_next_hold(const struct model *m, const char *arm, double after)
{
	double next = NAN;
	size_t i;

	for (i = 0; i < m->nr_arms; i++)
		if (!strcmp(m->arms[i].arm, arm) && m->arms[i].hold_ns > after)
			next = fmin(next, m->arms[i].hold_ns);
	return next;
}

double model_instructions(const struct model *m, const char *scheme, const char *mode)
{
	size_t i;

	for (i = 0; i < m->nr_counts; i++)
		if (!strcmp(m->counts[i].scheme, scheme) && !strcmp(m->counts[i].mode, mode))
			return m->counts[i].instructions;
	return NAN;
}

const struct loading *model_loading(const struct model *m, const char *scheme, const char *phases)
{
	size_t i;

	for (i = 0; i < m->nr_loadings; i++)
		if (!strcmp(m->loadings[i].scheme, scheme) &&
		    !strcmp(m->loadings[i].phases, phases))
			return &m->loadings[i];
	return NULL;
}

double model_at(const struct cell *c, double block)
{
	size_t i;

	for (i = 0; i < c->ns.n && i < c->block.n; i++)
		if (c->block.v[i] == block)
			return c->ns.v[i];
	return NAN;
}

int model_max_cpus(const struct model *m, const char *mode)
{
	int max = 0;
	size_t i;

	for (i = 0; i < m->nr_cells; i++)
		if (!strcmp(m->cells[i].mode, mode) && m->cells[i].cpus > max)
			max = m->cells[i].cpus;
	return max;
}

int model_next_cpus(const struct model *m, const char *mode, int after)
{
	int next = 0;
	size_t i;

	for (i = 0; i < m->nr_cells; i++)
		if (!strcmp(m->cells[i].mode, mode) && m->cells[i].cpus > after &&
		    (!next || m->cells[i].cpus < next))
			next = m->cells[i].cpus;
	return next;
}

struct json_object *model_get(const struct model *m, const char *path)
{
	struct json_object *o = m->results.doc;
	char copy[256], *name, *rest = copy;

	snprintf(copy, sizeof(copy), "%s", path);
	while ((name = strsep(&rest, ".")))
		if (!json_object_object_get_ex(o, name, &o))
			return NULL;
	return o;
}

const char *model_text(const struct model *m, const char *path)
{
	struct json_object *o = model_get(m, path);

	return o ? json_object_get_string(o) : "not available";
}
