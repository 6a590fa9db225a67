// SPDX-License-Identifier: GPL-2.0
/*
 * Reading a results directory back.
 */
#include "model/model.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/refcost.h"
#include "model/counters.h"
#include "model/sample.h"
#include "results/cells.h"
#include "results/rows.h"

/* The scheme of that name, made where it is new. */
static struct scheme *scheme_get(struct model *m, const char *name)
{
	struct scheme *s = (struct scheme *)model_scheme(m, name);

	if (s)
		return s;
	s = array_append((void **)&m->schemes, &m->nr_schemes, sizeof(*s));
	if (!s)
		return NULL;
	snprintf(s->name, sizeof(s->name), "%s", name);
	s->place = SIZE_MAX;
	return s;
}

static int add_scheme(void *model, const struct row *r)
{
	struct model *m = model;
	struct scheme *s = scheme_get(m, row_text(r, "scheme"));

	if (!s)
		return -ENOMEM;
	snprintf(s->family, sizeof(s->family), "%s", row_text(r, "family"));
	snprintf(s->what, sizeof(s->what), "%s", row_text(r, "what"));
	snprintf(s->from, sizeof(s->from), "%s", row_text(r, "from"));
	snprintf(s->busy, sizeof(s->busy), "%s", row_text(r, "busy"));
	snprintf(s->roles, sizeof(s->roles), "%s", row_text(r, "roles"));
	snprintf(s->floors, sizeof(s->floors), "%s", row_text(r, "floors"));
	s->floor = !strcmp(s->family, "floor");
	s->place = r->i;
	return 0;
}

/* The scheme of a row of data, which is therefore one to report on. */
static int use_scheme(struct model *m, const struct row *r)
{
	struct scheme *s = scheme_get(m, row_text(r, "scheme"));

	if (!s)
		return -ENOMEM;
	s->used = true;
	s->floor |= row_num(r, "floor") > 0;
	return 0;
}

/* Run.json tells of those numbers of CPUs alone that have several. */
static int kinds_of(const struct model *m, const struct cell *c)
{
	struct json_object *kinds = model_get(m, "run.kinds"), *n = NULL;
	char name[64];

	snprintf(name, sizeof(name), "%s %d", placement_names[c->key.placement], c->key.cpus);
	if (json_object_is_type(kinds, json_type_object))
		json_object_object_get_ex(kinds, name, &n);
	return n ? json_object_get_int(n) : 1;
}

static bool is_oversubscribed(const struct model *m, int cpus)
{
	int host_cpus = json_object_get_int(model_get(m, "environment.machine.host_cpus"));

	return host_cpus && cpus > host_cpus;
}

/* The cell of a sample, made where it is new. */
static struct cell *cell_get(struct model *m, const struct cell_key *key, const struct row *r)
{
	double node = row_num(r, "counter_node");
	struct cell *c;
	size_t i;

	for (i = 0; i < m->nr_cells; i++)
		if (!key_cmp(&m->cells[i].key, key, KEY_ALL))
			return &m->cells[i];
	c = array_append((void **)&m->cells, &m->nr_cells, sizeof(*c));
	if (!c)
		return NULL;
	c->key = *key;
	c->floor = row_num(r, "floor") > 0;
	c->counter_node = isnan(node) ? -1 : node;
	c->kinds = kinds_of(m, c);
	c->oversubscribed = is_oversubscribed(m, key->cpus);
	return c;
}

static int add_window(void *model, const struct cell_rows *workers)
{
	struct model *m = model;
	struct sample s;
	struct cell *c;

	if (sample_of(&s, workers))
		return -EINVAL;
	c = cell_get(m, &workers->key, &workers->first);
	if (!c)
		return -ENOMEM;
	c->flagged += s.overlap < OVERLAP_MIN;
	c->windows += !isnan(s.ns);
	series_add(&c->ns, s.ns);
	if (!isnan(s.ns))
		series_add(&c->block, workers->number);
	series_add(&c->mean, s.mean);
	series_add(&c->lost, s.lost);
	series_add(&c->mops, 1e3 * c->key.cpus / s.elapsed);
	series_add(&c->fair, s.fair);
	return use_scheme(m, &workers->first);
}

/* The bystander's columns; rows without one hold zeroes, older files nothing. */
static void add_bystander(struct arm *a, const struct row *r)
{
	if (!(row_num(r, "bystanders") > 0)) {
		a->bystander_ops = a->bystander_failed = NAN;
		return;
	}
	a->bystander_ops += row_num(r, "bystander_ops");
	a->bystander_failed += row_num(r, "bystander_failed");
	series_add(&a->bystander_us, row_num(r, "bystander_unload_ns") / 1e3);
	series_add(&a->bystander_calm_us, row_num(r, "bystander_calm_ns") / 1e3);
}

static void add_users(struct arm *a, const struct row *r)
{
	if (!a->workers)
		return;
	series_add(&a->stall_us, row_num(r, "stall_unload_ns") / 1e3);
	series_add(&a->calm_us, row_num(r, "stall_calm_ns") / 1e3);
	add_bystander(a, r);
}

static void add_gone(struct arm *a, const struct row *r)
{
	a->gone++;
	series_add(&a->success_ms, row_num(r, "success_ns") / 1e6);
	series_add(&a->wait_ms, row_num(r, "success_ns") / 1e6);
	series_add(&a->gate_us, row_num(r, "gate_ns") / 1e3);
	series_add(&a->delete_ms, row_num(r, "delete_ns") / 1e6);
	series_add(&a->response_ms, row_num(r, "response_ns") / 1e6);
	series_add(&a->rmmod_ms, (row_num(r, "gate_ns") + row_num(r, "delete_ns")) / 1e6);
}

static void add_starved(struct arm *a, const struct row *r)
{
	double tried = row_num(r, "tried_ns") > 0 ? row_num(r, "tried_ns") / 1e6 : NAN;

	series_add(&a->tried_ms, tried);
	series_add(&a->wait_ms, tried);
}

static struct arm *arm_get(struct model *m, const struct cell_key *key, const struct row *r)
{
	struct arm *a = (struct arm *)model_arm_at(m, key->scheme, key->arm, key->hold_ns);

	if (a)
		return a;
	a = array_append((void **)&m->arms, &m->nr_arms, sizeof(*a));
	if (!a)
		return NULL;
	a->key = *key;
	a->workers = row_num_or_0(r, "workers");
	return a;
}

static int add_unload(void *model, const struct row *r)
{
	struct model *m = model;
	struct cell_key key;
	struct arm *a;

	if (key_read(&key, r))
		return -EINVAL;
	a = arm_get(m, &key, r);
	if (!a)
		return -ENOMEM;
	a->cycles++;
	a->ops += row_num_or_0(r, "ops");
	a->failed += row_num(r, "failed");
	a->refused += row_num(r, "refused");
	a->spurious += row_num(r, "spurious");
	a->violations += row_num(r, "violations");
	if (row_num(r, "records") > 0)
		a->records += row_num(r, "records");
	series_add(&a->attempts, row_num(r, "attempts"));
	add_users(a, r);
	if (row_num(r, "gone") > 0)
		add_gone(a, r);
	else
		add_starved(a, r);
	return use_scheme(m, r);
}

static struct phase *find_phase(const struct model *m, const struct cell_key *key, int index)
{
	size_t i;

	for (i = 0; i < m->nr_phases; i++)
		if (m->phases[i].index == index &&
		    !key_cmp(&m->phases[i].key, key, KEY_SCHEME | KEY_ARM))
			return &m->phases[i];
	return NULL;
}

static int add_phase(void *model, const struct row *r)
{
	struct model *m = model;
	int index = row_num(r, "index");
	struct cell_key key;
	struct phase *p;

	if (key_read(&key, r))
		return -EINVAL;
	if (key.hold_ns > model_next_hold(m, key.arm, -1))
		return 0;
	p = find_phase(m, &key, index);
	if (!p) {
		p = array_append((void **)&m->phases, &m->nr_phases, sizeof(*p));
		if (!p)
			return -ENOMEM;
		snprintf(p->label, sizeof(p->label), "%s", row_text(r, "phase"));
		p->key = key;
		p->index = index;
	}
	p->merged += row_num(r, "merged") > 0;
	series_add(&p->us, row_num(r, "ns") / 1e3);
	series_add(&p->off_us, row_num(r, "off_ns") / 1e3);
	return 0;
}

/* Two boots agree to the digit, so that the first block is as good as any. */
static int add_count(void *model, const struct row *r)
{
	struct model *m = model;
	struct count *c;

	if (row_num(r, "block") > 0)
		return 0;
	c = array_append((void **)&m->counts, &m->nr_counts, sizeof(*c));
	if (!c)
		return -ENOMEM;
	if (key_read(&c->key, r))
		return -EINVAL;
	c->instructions = row_num(r, "instructions");
	return use_scheme(m, r);
}

static int add_objects(void *model, const struct row *r)
{
	struct model *m = model;

	return objects_add(&m->objects, r) ?: use_scheme(m, r);
}

static int add_loading(void *model, const struct row *r)
{
	struct model *m = model;
	struct cell_key key;
	struct loading *l;

	if (key_read(&key, r))
		return -EINVAL;
	l = (struct loading *)model_loading(m, key.scheme, key.form);
	if (!l) {
		l = array_append((void **)&m->loadings, &m->nr_loadings, sizeof(*l));
		if (!l)
			return -ENOMEM;
		l->key = key;
		l->workers = row_num_or_0(r, "workers");
	}
	l->cycles++;
	l->hit += row_num(r, "refused") > 0;
	l->violations += row_num_or_0(r, "violations");
	series_add(&l->refused, row_num(r, "refused"));
	series_add(&l->window_us, row_num(r, "window_ns") / 1e3);
	series_add(&l->load_ms, row_num(r, "load_ns") / 1e6);
	return use_scheme(m, r);
}

/* All series of an arm, for what is done to each. */
#define ARM_SERIES(a)                                                                           \
	{                                                                                       \
		&(a)->success_ms, &(a)->wait_ms, &(a)->tried_ms, &(a)->rmmod_ms, &(a)->gate_us, \
			&(a)->delete_ms, &(a)->attempts, &(a)->stall_us, &(a)->calm_us,         \
			&(a)->bystander_us, &(a)->bystander_calm_us, &(a)->response_ms          \
	}

/*
 * What slows a shared machine may last for many windows, and only adds time. So a sample on one CPU
 * is of windows that lie far apart: the least of them.
 */
static void join_windows(struct cell *c)
{
	size_t samples = c->ns.n / MODEL_APART, i;

	for (i = samples; i < c->ns.n; i++)
		c->ns.v[i % samples] = fmin(c->ns.v[i % samples], c->ns.v[i]);
	c->ns.n = c->block.n = samples;
}

static int summarise_cell(const struct model *m, struct cell *c)
{
	struct series *all[] = { &c->ns, &c->block, &c->mean, &c->lost, &c->mops, &c->fair };

	if (c->key.cpus == 1 && c->ns.n >= MODEL_APART_LEAST && model_get(m, "run.plan.percentile"))
		join_windows(c);
	c->steady = stats_drift(c->ns.v, c->ns.n, &c->drift);
	return series_summarise_all(all, ARRAY_SIZE(all));
}

static int summarise_all(struct model *m)
{
	int err = 0;
	size_t i;

	for (i = 0; i < m->nr_cells && !err; i++)
		err = summarise_cell(m, &m->cells[i]);
	for (i = 0; i < m->nr_arms && !err; i++) {
		struct series *all[] = ARM_SERIES(&m->arms[i]);

		err = series_summarise_all(all, ARRAY_SIZE(all));
	}
	for (i = 0; i < m->nr_phases && !err; i++) {
		struct series *all[] = { &m->phases[i].us, &m->phases[i].off_us };

		err = series_summarise_all(all, ARRAY_SIZE(all));
	}
	for (i = 0; i < m->nr_loadings && !err; i++) {
		struct loading *l = &m->loadings[i];
		struct series *all[] = { &l->refused, &l->window_us, &l->load_ms };

		err = series_summarise_all(all, ARRAY_SIZE(all));
	}
	err = err ?: objects_summarise(&m->objects);
	if (err == -EINVAL)
		return fail(EXIT_FAILED, "%s holds a number that is not finite: " MEND,
			    m->results.dir);
	return err ? fail(EXIT_FAILED, "out of memory") : EXIT_FINE;
}

/* The place of a name in a list of the plan; the list may hold objects with a member "name". */
static size_t plan_index(const struct model *m, const char *path, const char *name)
{
	struct json_object *list = model_get(m, path), *entry;
	size_t i,
		n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;

	for (i = 0; i < n; i++) {
		entry = json_object_array_get_idx(list, i);
		if (json_object_is_type(entry, json_type_object))
			entry = json_object_object_get(entry, "name");
		if (entry && !strcmp(json_object_get_string(entry), name))
			return i;
	}
	return SIZE_MAX;
}

/* The place of a word of the cell in the plan; where that does not list them there is one. */
static size_t place_of(const struct model *m, const char *plan, const char *word)
{
	return model_get(m, plan) ? plan_index(m, plan, word) : 0;
}

static void mark_base(struct model *m)
{
	size_t i;

	for (i = 0; i < m->nr_cells; i++) {
		struct cell *c = &m->cells[i];
		size_t layout = place_of(m, "run.plan.layouts", layout_names[c->key.layout]);

		c->place = place_of(m, "run.plan.placements", placement_names[c->key.placement]);
		if (layout == SIZE_MAX || c->place == SIZE_MAX)
			c->place = SIZE_MAX;
		else
			c->place += layout * PLACEMENT_KINDS;
	}
	for (i = 0; i < m->nr_cells; i++)
		m->cells[i].base =
			!m->cells[i].place &&
			m->cells[i].key.hold_ns == model_longer_hold(m, m->cells[i].key.mode, -1);
	for (i = 0; i < m->nr_arms; i++)
		m->arms[i].base =
			m->arms[i].key.hold_ns == model_next_hold(m, m->arms[i].key.arm, -1);
}

/* Rows come in random order; tables want schemes by family, CPUs ascending. */
static size_t plan_place(const struct model *m, const char *scheme)
{
	static const char *const plans[] = { "run.plan.schemes", "unload.plan.schemes" };
	size_t k, i;

	for (k = 0; k < ARRAY_SIZE(plans); k++) {
		i = plan_index(m, plans[k], scheme);
		if (i != SIZE_MAX)
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

/* Schemes in their places, and the cells of each as their keys have them. */
static int sorted_cmp(const struct model *m, const struct cell_key *a, const struct cell_key *b)
{
	const struct scheme *x = model_scheme(m, a->scheme), *y = model_scheme(m, b->scheme);

	return (x > y) - (x < y) ?: key_cmp(a, b, KEY_ALL);
}

static int cell_cmp(const void *a, const void *b, void *m)
{
	const struct cell *x = a, *y = b;

	return y->base - x->base ?:
		       (x->place > y->place) - (x->place < y->place) ?:
		       sorted_cmp(m, &x->key, &y->key);
}

static int arm_cmp(const void *a, const void *b, void *m)
{
	const struct arm *x = a, *y = b;

	return sorted_cmp(m, &x->key, &y->key);
}

static int count_cmp(const void *a, const void *b, void *m)
{
	const struct count *x = a, *y = b;

	return sorted_cmp(m, &x->key, &y->key);
}

static int phase_cmp(const void *a, const void *b, void *m)
{
	const struct phase *x = a, *y = b;

	return sorted_cmp(m, &x->key, &y->key) ?: x->index - y->index;
}

static void sort_all(struct model *m)
{
	sort_schemes(m);
	if (m->nr_cells)
		qsort_r(m->cells, m->nr_cells, sizeof(*m->cells), cell_cmp, m);
	if (m->nr_arms)
		qsort_r(m->arms, m->nr_arms, sizeof(*m->arms), arm_cmp, m);
	if (m->nr_counts)
		qsort_r(m->counts, m->nr_counts, sizeof(*m->counts), count_cmp, m);
	if (m->nr_phases)
		qsort_r(m->phases, m->nr_phases, sizeof(*m->phases), phase_cmp, m);
}

/* Cells have been sorted: the least hold, longer ones, other placements and layouts. */
static void part_cells(struct model *m)
{
	size_t all = m->nr_cells, placed;

	for (placed = all; placed && m->cells[placed - 1].place; placed--)
		;
	for (m->nr_cells = placed; m->nr_cells && !m->cells[m->nr_cells - 1].base; m->nr_cells--)
		;
	m->nr_held = placed - m->nr_cells;
	m->nr_elsewhere = all - placed;
}

int model_read(struct model *m, const char *dir)
{
	const struct rows_of files[] = {
		{ "schemes.csv", add_scheme, m },  { "unload.csv", add_unload, m },
		{ "phases.csv", add_phase, m },	   { "instructions.csv", add_count, m },
		{ "loading.csv", add_loading, m }, { "objects.csv", add_objects, m },
	};
	int err;

	memset(m, 0, sizeof(*m));
	err = results_load(&m->results, dir);
	if (err)
		return err;
	err = rows_read_all(dir, files, ARRAY_SIZE(files));
	if (!err)
		err = cells_read(dir, "workers.csv", KEY_OF_RUN, add_window, m);
	if (!err)
		err = summarise_all(m);
	if (!err)
		err = counters_read(m, dir);
	if (!err)
		err = tracer_read(&m->tracer, dir);
	if (err) {
		model_free(m);
		return err;
	}
	mark_base(m);
	sort_all(m);
	counters_sort(m);
	part_cells(m);
	return EXIT_FINE;
}

void model_free(struct model *m)
{
	size_t i, k;

	for (i = 0; i < model_all_cells(m); i++) {
		free(m->cells[i].ns.v);
		free(m->cells[i].block.v);
		free(m->cells[i].mean.v);
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
	counters_free(&m->counters);
	tracer_free(&m->tracer);
	objects_free(&m->objects);
	results_close(&m->results);
	memset(m, 0, sizeof(*m));
}
