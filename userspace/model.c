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

static int add_sample(struct model *m, const struct row *r)
{
	int cpus = num(r, "cpus"), err;
	struct cell *c = (struct cell *)model_cell(m, text(r, "scheme"), text(r, "mode"), cpus);

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
	err = err ?: series_add(&c->lost, 1 - num(r, "ns_per_op") / num(r, "ns_elapsed"));
	err = err ?: series_add(&c->mops, 1e3 * cpus / num(r, "ns_elapsed"));
	return err ?: series_add(&c->fair, num(r, "fairness"));
}

static int add_unload(struct model *m, const struct row *r)
{
	struct arm *a = (struct arm *)model_arm(m, text(r, "scheme"), text(r, "arm"));
	bool gone = num(r, "gone") > 0;
	int err;

	if (!a) {
		a = append((void **)&m->arms, &m->nr_arms, sizeof(*a));
		if (!a)
			return -ENOMEM;
		snprintf(a->scheme, sizeof(a->scheme), "%s", text(r, "scheme"));
		snprintf(a->arm, sizeof(a->arm), "%s", text(r, "arm"));
		a->workers = num(r, "workers");
	}
	a->cycles++;
	a->gone += gone;
	a->failed += num(r, "failed");
	a->spurious += num(r, "spurious");
	a->violations += num(r, "violations");
	if (num(r, "records") > 0)
		a->records += num(r, "records");
	err = series_add(&a->attempts, num(r, "attempts"));
	if (a->workers) {
		err = err ?: series_add(&a->stall_us, num(r, "stall_unload_ns") / 1e3);
		err = err ?: series_add(&a->calm_us, num(r, "stall_calm_ns") / 1e3);
	}
	if (!gone)
		return err;
	err = err ?: series_add(&a->success_ms, num(r, "success_ns") / 1e6);
	err = err ?: series_add(&a->gate_us, num(r, "gate_ns") / 1e3);
	err = err ?: series_add(&a->delete_ms, num(r, "delete_ns") / 1e6);
	err = err ?: series_add(&a->response_ms, num(r, "response_ns") / 1e6);
	return err ?: series_add(&a->rmmod_ms, (num(r, "gate_ns") + num(r, "delete_ns")) / 1e6);
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

static int summarise_all(struct model *m)
{
	int err = 0;
	size_t i;

	for (i = 0; i < m->nr_cells; i++) {
		struct cell *c = &m->cells[i];

		err = err ?: summarise(&c->ns) ?: summarise(&c->lost) ?: summarise(&c->mops) ?:
			summarise(&c->fair);
		c->steady = stats_drift(c->ns.v, c->ns.n, &c->drift);
	}
	for (i = 0; i < m->nr_arms; i++) {
		struct arm *a = &m->arms[i];
		struct series *all[] = {
			&a->success_ms, &a->rmmod_ms, &a->gate_us, &a->delete_ms,
			&a->attempts,	&a->stall_us, &a->calm_us, &a->response_ms
		};
		size_t k;

		for (k = 0; k < ARRAY_SIZE(all); k++)
			err = err ?: summarise(all[k]);
	}
	for (i = 0; i < m->nr_phases; i++)
		err = err ?: summarise(&m->phases[i].us) ?: summarise(&m->phases[i].off_us);
	return err ? fail(EXIT_FAILED, "out of memory") : EXIT_FINE;
}

/* Rows come in random order; tables want the order of the plan, CPUs ascending. */
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

static int place_cmp(const struct model *m, const char *a, const char *b)
{
	size_t pa = plan_place(m, a), pb = plan_place(m, b);

	return pa < pb ? -1 : pa > pb ? 1 : strcmp(a, b);
}

static int cell_cmp(const void *a, const void *b, void *m)
{
	const struct cell *x = a, *y = b;

	return place_cmp(m, x->scheme, y->scheme) ?: strcmp(x->mode, y->mode) ?: x->cpus - y->cpus;
}

static int arm_cmp(const void *a, const void *b, void *m)
{
	const struct arm *x = a, *y = b;

	return place_cmp(m, x->scheme, y->scheme) ?: strcmp(x->arm, y->arm);
}

static int phase_cmp(const void *a, const void *b, void *m)
{
	const struct phase *x = a, *y = b;

	return place_cmp(m, x->scheme, y->scheme) ?: strcmp(x->arm, y->arm) ?: x->index - y->index;
}

int model_read(struct model *m, const char *dir)
{
	int err;

	memset(m, 0, sizeof(*m));
	err = results_load(&m->results, dir);
	if (err)
		return err;
	err = each_row(m, "samples.csv", add_sample);
	err = err ?: each_row(m, "unload.csv", add_unload);
	err = err ?: each_row(m, "phases.csv", add_phase);
	err = err ?: summarise_all(m);
	if (err) {
		model_free(m);
		return err;
	}
	if (m->nr_cells)
		qsort_r(m->cells, m->nr_cells, sizeof(*m->cells), cell_cmp, m);
	if (m->nr_arms)
		qsort_r(m->arms, m->nr_arms, sizeof(*m->arms), arm_cmp, m);
	if (m->nr_phases)
		qsort_r(m->phases, m->nr_phases, sizeof(*m->phases), phase_cmp, m);
	return EXIT_FINE;
}

void model_free(struct model *m)
{
	size_t i;

	for (i = 0; i < m->nr_cells; i++) {
		free(m->cells[i].ns.v);
		free(m->cells[i].lost.v);
		free(m->cells[i].mops.v);
		free(m->cells[i].fair.v);
	}
	for (i = 0; i < m->nr_arms; i++) {
		struct arm *a = &m->arms[i];

		free(a->success_ms.v);
		free(a->rmmod_ms.v);
		free(a->gate_us.v);
		free(a->delete_ms.v);
		free(a->attempts.v);
		free(a->stall_us.v);
		free(a->calm_us.v);
		free(a->response_ms.v);
	}
	for (i = 0; i < m->nr_phases; i++) {
		free(m->phases[i].us.v);
		free(m->phases[i].off_us.v);
	}
	free(m->cells);
	free(m->arms);
	free(m->phases);
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

const struct arm *model_arm(const struct model *m, const char *scheme, const char *arm)
{
	size_t i;

	for (i = 0; i < m->nr_arms; i++)
		if (!strcmp(m->arms[i].scheme, scheme) && !strcmp(m->arms[i].arm, arm))
			return &m->arms[i];
	return NULL;
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

/* "12.3" with three digits that mean something; "-" where there is no number. */
static const char *short_num(double v, char *buf, size_t len)
{
	if (isnan(v))
		snprintf(buf, len, "-");
	else
		snprintf(buf, len, "%.*f", fabs(v) < 10 ? 2 : fabs(v) < 100 ? 1 : 0, v);
	return buf;
}

void model_print_run(const struct model *m, FILE *out)
{
	size_t i;

	if (!m->nr_cells)
		return;
	fprintf(out, "%-16s %-7s %4s %4s %9s %9s %8s %20s %6s %8s  %s\n", "scheme", "mode", "cpus",
		"n", "ns/op min", "median", "mad", "interval of median", "lost", "fairness",
		"remarks");
	for (i = 0; i < m->nr_cells; i++) {
		const struct cell *c = &m->cells[i];
		char min[32], median[32], mad[32], lo[32], hi[32], interval[72] = "-";

		if (c->ns.s.level > 0)
			snprintf(interval, sizeof(interval), "%s..%s",
				 short_num(c->ns.s.lo, lo, sizeof(lo)),
				 short_num(c->ns.s.hi, hi, sizeof(hi)));
		fprintf(out, "%-16s %-7s %4d %4zu %9s %9s %8s %20s %5.0f%% %8.2f  %s%s%s\n",
			c->scheme, c->mode, c->cpus, c->ns.n,
			short_num(c->ns.s.min, min, sizeof(min)),
			short_num(c->ns.s.median, median, sizeof(median)),
			short_num(c->ns.s.mad, mad, sizeof(mad)), interval, 100 * c->lost.s.median,
			c->fair.s.median, c->flagged ? "overlap<0.9 " : "",
			c->steady ? "" : "drift ", c->oversubscribed ? "oversubscribed" : "");
	}
}

void model_print_unload(const struct model *m, FILE *out)
{
	size_t i;

	if (!m->nr_arms)
		return;
	fprintf(out, "%-16s %-7s %7s %9s %9s %9s %9s %9s %8s %10s %9s\n", "scheme", "arm", "gone",
		"ms p50", "ms max", "gate us", "delete ms", "attempts", "failed", "stall us",
		"records");
	for (i = 0; i < m->nr_arms; i++) {
		const struct arm *a = &m->arms[i];
		char p50[32], max[32], gate[32], delete[32], stall[32], gone[32];

		snprintf(gone, sizeof(gone), "%zu/%zu", a->gone, a->cycles);
		fprintf(out, "%-16s %-7s %7s %9s %9s %9s %9s %9.0f %8.0f %10s %9.0f\n", a->scheme,
			a->arm, gone, short_num(a->success_ms.s.median, p50, sizeof(p50)),
			short_num(a->success_ms.s.max, max, sizeof(max)),
			short_num(a->gate_us.s.median, gate, sizeof(gate)),
			short_num(a->delete_ms.s.median, delete, sizeof(delete)),
			a->attempts.s.median, a->failed,
			short_num(a->stall_us.s.max, stall, sizeof(stall)), a->records);
	}
}
