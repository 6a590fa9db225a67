// SPDX-License-Identifier: GPL-2.0
/*
 * Figure data: one whitespace-separated file a figure, header line first.
 */
#include <math.h>
#include <string.h>

#include "base/refcost.h"
#include "report/dat.h"
#include "report/finding.h"
#include "report/md.h"
#include "report/report.h"

static void scaling(const struct model *m, struct dat *d)
{
	FILE *f = d->f;
	size_t i;

	for (i = 0; i < m->nr_cells; i++) {
		const struct cell *c = &m->cells[i];

		if (c->key.mode != REFCOST_GETPUT)
			continue;
		if (!dat_row(d))
			return;
		dat_put_scheme(m, f, c->key.scheme);
		fprintf(f, " %d", c->key.cpus);
		dat_put_summary(f, &c->ns.s);
		fprintf(f, " %d\n", c->oversubscribed);
	}
}

/* The scheme's law of scalability, and how far it is backed by points. */
static void put_fit(const struct model *m, FILE *f, const char *scheme)
{
	struct usl fit;
	bool fits = md_usl_of(m, scheme, &fit);

	dat_put(f, fits ? fit.l : NAN);
	dat_put(f, fits ? fit.s : NAN);
	dat_put(f, fits ? fit.k : NAN);
	dat_put(f, fits ? md_usl_last(m) : NAN);
}

static void throughput(const struct model *m, struct dat *d)
{
	FILE *f = d->f;
	size_t i;

	for (i = 0; i < m->nr_cells; i++) {
		const struct cell *c = &m->cells[i];

		if (c->key.mode != REFCOST_GETPUT)
			continue;
		if (!dat_row(d))
			return;
		dat_put_scheme(m, f, c->key.scheme);
		fprintf(f, " %d", c->key.cpus);
		dat_put_summary(f, &c->mops.s);
		fprintf(f, " %d", c->oversubscribed);
		put_fit(m, f, c->key.scheme);
		fputs("\n", f);
	}
}

static void unload(const struct model *m, struct dat *d)
{
	FILE *f = d->f;
	size_t i, k;

	for (i = 0; i < m->nr_arms; i++) {
		const struct arm *a = &m->arms[i];
		const struct stats_summary *s = model_success(a);

		for (k = 0; a->base && k < a->success_ms.n; k++) {
			if (!dat_row(d))
				return;
			dat_put_scheme(m, f, a->key.scheme);
			dat_put(f, s ? s->median : NAN);
			fprintf(f, " %s %zu %.6g\n", arm_names[a->key.arm], k, a->success_ms.v[k]);
		}
	}
}

static void phases(const struct model *m, struct dat *d)
{
	FILE *f = d->f;
	size_t i;

	for (i = 0; i < m->nr_phases; i++) {
		const struct phase *p = &m->phases[i];

		if (!dat_row(d))
			return;
		fprintf(f, "%s %s %d \"%s\"", p->key.scheme, arm_names[p->key.arm], p->index,
			p->label);
		dat_put(f, p->us.s.mean / 1e3);
		dat_put(f, p->us.s.median);
		dat_put(f, p->us.s.min);
		dat_put(f, p->us.s.max);
		fprintf(f, " %zu\n", p->us.n);
	}
}

static void tradeoff(const struct model *m, struct dat *d)
{
	FILE *f = d->f;
	int cpus = model_max_cpus(m, REFCOST_GETPUT);
	size_t i;

	for (i = 0; i < m->nr_schemes; i++) {
		const char *name = m->schemes[i].name;
		const struct cell *c = model_cell(m, name, REFCOST_GETPUT, cpus);
		double graces = finding_waits(m, name, "grace period");

		if (!c || isnan(graces))
			continue;
		if (!dat_row(d))
			return;
		dat_put_scheme(m, f, name);
		fprintf(f, " %d %d", model_has_role(&m->schemes[i], "core"), cpus);
		dat_put_summary(f, &c->ns.s);
		dat_put(f, graces + finding_waits(m, name, "stop_machine"));
		fprintf(f, " %d\n", finding_gate_traced(m, name));
	}
}

static void stall(const struct model *m, struct dat *d)
{
	FILE *f = d->f;
	size_t i;

	for (i = 0; i < m->nr_schemes; i++) {
		const struct arm *a = model_arm(m, m->schemes[i].name, ARM_LOADED);

		if (!a || !a->stall_us.n)
			continue;
		if (!dat_row(d))
			return;
		dat_put_scheme(m, f, a->key.scheme);
		dat_put(f, a->calm_us.s.median / 1e3);
		dat_put(f, a->stall_us.s.median / 1e3);
		dat_put(f, a->stall_us.s.max / 1e3);
		dat_put(f, a->bystander_calm_us.s.median / 1e3);
		dat_put(f, a->bystander_us.s.median / 1e3);
		dat_put(f, a->bystander_us.s.max / 1e3);
		fprintf(f, " %zu\n", a->stall_us.n);
	}
}

/* Were unloads measured with several holds? With one of them the unload figure says it all. */
static bool swept(const struct model *m)
{
	return !isnan(model_next_hold(m, ARM_LOADED, model_next_hold(m, ARM_LOADED, -1)));
}

static void attempts(const struct model *m, struct dat *d)
{
	FILE *f = d->f;
	static const struct stats_summary none = { .median = NAN, .min = NAN, .max = NAN };
	size_t i;

	if (!swept(m))
		return;
	for (i = 0; i < m->nr_arms; i++) {
		const struct arm *a = &m->arms[i];

		if (a->key.arm != ARM_LOADED)
			continue;
		if (!dat_row(d))
			return;
		dat_put_scheme(m, f, a->key.scheme);
		dat_put(f, a->key.hold_ns / 1e3);
		dat_put_summary(f, model_success(a) ?: &none);
		fprintf(f, " %zu %zu", a->cycles, a->cycles - a->gone);
		dat_put(f, a->tried_ms.n ? a->tried_ms.s.max : NAN);
		fputs("\n", f);
	}
}

static void starvation(const struct model *m, struct dat *d)
{
	FILE *f = d->f;
	size_t i;

	if (!swept(m))
		return;
	for (i = 0; i < m->nr_arms; i++) {
		const struct arm *a = &m->arms[i];
		const struct stats_summary *s = model_success(a);

		if (a->key.arm != ARM_LOADED)
			continue;
		if (!dat_row(d))
			return;
		dat_put_scheme(m, f, a->key.scheme);
		dat_put(f, a->key.hold_ns / 1e3);
		dat_put(f, s ? s->median : NAN);
		fprintf(f, " %zu %zu\n", a->cycles, a->cycles - a->gone);
	}
}

/* A median less that of the loop alone; 0 where the two cannot be told apart. */
static void put_net(const struct model *m, FILE *f, const struct cell *c)
{
	const struct cell *loop = md_loop(m, c->key.cpus);
	double net = NAN;

	if (loop)
		stats_net(&c->ns.s, &loop->ns.s, &net);
	dat_put(f, fmax(net, 0));
	dat_put(f,
		fmax((c->ns.s.level > 0 ? c->ns.s.lo : c->ns.s.min) - (c->ns.s.median - net), 0));
	dat_put(f,
		fmax((c->ns.s.level > 0 ? c->ns.s.hi : c->ns.s.max) - (c->ns.s.median - net), 0));
}

static void cost(const struct model *m, struct dat *d)
{
	FILE *f = d->f;
	int low = md_lowest_cpus(m, REFCOST_GETPUT), high = model_max_cpus(m, REFCOST_GETPUT);
	size_t i;

	for (i = 0; i < m->nr_schemes && md_loop(m, low) && md_loop(m, high); i++) {
		const struct scheme *s = &m->schemes[i];
		const struct cell *one = model_cell(m, s->name, REFCOST_GETPUT, low);
		const struct cell *all = model_cell(m, s->name, REFCOST_GETPUT, high);

		if (!one || !all || one == md_loop(m, low))
			continue;
		if (!dat_row(d))
			return;
		dat_put_scheme(m, f, s->name);
		fprintf(f, " %d", low);
		put_net(m, f, one);
		fprintf(f, " %d", high);
		put_net(m, f, all);
		fputs("\n", f);
	}
}

/* @columns: the header line; @rows: passes over the data, in the order of the file */
static const struct figure {
	const char *name;
	const char *columns;
	void (*rows)(const struct model *m, struct dat *d);
} figures[] = {
	{ "scaling", DAT_SCHEME_COLUMNS "cpus ns ns_lo ns_hi oversubscribed", scaling },
	{ "throughput",
	  DAT_SCHEME_COLUMNS "cpus mops mops_lo mops_hi oversubscribed fit_l fit_s fit_k fit_to",
	  throughput },
	{ "unload", DAT_SCHEME_COLUMNS "median_ms arm cycle ms", unload },
	{ "phases", "scheme arm index phase mean_ms median_us min_us max_us n", phases },
	{ "tradeoff", DAT_SCHEME_COLUMNS "core cpus ns ns_lo ns_hi waits gate", tradeoff },
	{ "stall",
	  DAT_SCHEME_COLUMNS
	  "calm_ms stall_ms stall_max_ms bystander_calm_ms bystander_ms bystander_max_ms n",
	  stall },
	{ "attempts", DAT_SCHEME_COLUMNS "hold_us ms ms_lo ms_hi cycles starved given_ms",
	  attempts },
	{ "cost", DAT_SCHEME_COLUMNS "cpus_1 ns_1 ns_1_lo ns_1_hi cpus_n ns_n ns_n_lo ns_n_hi",
	  cost },
	{ "waterfall", "module expedited total_ms phase start_ms on_ms off_ms", dat_waterfall },
	{ "parallel", "at_once part title mean_ms call_ms last_ms last_lo last_hi rounds",
	  dat_parallel },
	{ "modules", "module expedited ms", dat_modules },
	{ "hold", "scheme slot cpus hold_us ratio ratio_lo ratio_hi ns oversubscribed", dat_hold },
	{ "counters",
	  DAT_SCHEME_COLUMNS "mode event unit cpus_1 count_1 count_1_lo count_1_hi share_1 "
			     "cpus_n count_n count_n_lo count_n_hi share_n oversubscribed why",
	  dat_counters },
	{ "starvation", DAT_SCHEME_COLUMNS "hold_us ms cycles starved", starvation },
};

static bool has_rows(const struct model *m, const struct figure *figure)
{
	struct dat d = { 0 };

	figure->rows(m, &d);
	return d.any;
}

bool report_has_figure(const struct model *m, const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(figures); i++)
		if (!strcmp(figures[i].name, name))
			return has_rows(m, &figures[i]);
	return false;
}

/* A figure without a row has no file. */
static int write_dat(const struct model *m, const char *dir, const struct figure *figure,
		     struct whole **set)
{
	char path[PATH_MAX + 64];
	struct dat d = { 0 };

	snprintf(path, sizeof(path), "%s/%s.dat", dir, figure->name);
	if (!has_rows(m, figure))
		return whole_remove(set, path);
	d.f = whole_open(set, path);
	if (!d.f)
		return EXIT_FAILED;
	fprintf(d.f, "%s\n", figure->columns);
	figure->rows(m, &d);
	return EXIT_FINE;
}

/* One line a figure: its name, a blank, its title. */
static int write_titles(const struct model *m, const char *dir, struct whole **set)
{
	char path[PATH_MAX + 64], title[256];
	size_t i;
	FILE *f;

	snprintf(path, sizeof(path), "%s/titles.txt", dir);
	f = whole_open(set, path);
	if (!f)
		return EXIT_FAILED;
	for (i = 0; i < ARRAY_SIZE(figures); i++)
		if (finding_title(m, figures[i].name, title, sizeof(title)))
			fprintf(f, "%s %s\n", figures[i].name, title);
	return EXIT_FINE;
}

int report_dat(const struct model *m, const char *dir, struct whole **set)
{
	char path[PATH_MAX + 64], label[512];
	int err = EXIT_FINE;
	size_t i;
	FILE *f;

	for (i = 0; i < ARRAY_SIZE(figures) && !err; i++)
		err = write_dat(m, dir, &figures[i], set);
	if (err)
		return err;
	snprintf(path, sizeof(path), "%s/label.txt", dir);
	f = whole_open(set, path);
	if (!f)
		return EXIT_FAILED;
	fprintf(f, "%s\n", report_label(m, label, sizeof(label)));
	return write_titles(m, dir, set);
}

void md_figure(const struct model *m, FILE *f, const char *dir, const char *name,
	       const char *caption)
{
	char title[256];

	if (!report_has_figure(m, name))
		return;
	fprintf(f, "![%s](%s/%s.svg)\n\n",
		finding_title(m, name, title, sizeof(title)) ? title : name, dir, name);
	if (caption)
		fprintf(f, "%s\n\n", caption);
}
