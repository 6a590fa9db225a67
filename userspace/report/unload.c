// SPDX-License-Identifier: GPL-2.0
/*
 * RESULTS.md: what an unload costs, idle and loaded, and where in delete_module(2) the time goes.
 */
#include <math.h>
#include <string.h>

#include "base/refcost.h"
#include "report/md.h"

/* Phases that take less than this share of every unload are told of in one sentence. */
#define PHASE_SHARE 0.01

static void unload_row(const struct model *m, FILE *f, const struct scheme *s, const char **family)
{
	const struct arm *arms[] = { model_arm(m, s->name, ARM_IDLE),
				     model_arm(m, s->name, ARM_LOADED) };
	size_t i;

	if (!arms[0] && !arms[1])
		return;
	md_scheme(f, s, family, 9);
	for (i = 0; i < ARRAY_SIZE(arms); i++) {
		const struct arm *a = arms[i];

		if (!a) {
			fputs(" - | - | - | - |", f);
			continue;
		}
		md_cell(f, a->gate_us.s.max > 0 ? a->gate_us.s.median : NAN);
		md_cell(f, a->delete_ms.s.median);
		md_cell(f, model_success(a) ? model_success(a)->median : NAN);
		if (a->gone < a->cycles)
			fprintf(f, " starved %zu/%zu |", a->cycles - a->gone, a->cycles);
		else
			md_cell(f, a->success_ms.s.max);
	}
	fputs("\n", f);
}

static void unload_table(const struct model *m, FILE *f)
{
	const char *family = NULL;
	size_t i;

	fprintf(f,
		"%s load workers look the object up, call it and put it, without a pause, while the victim "
		"is unloaded. Medians of the successful attempt's gate and system call, and of the time from "
		"the first attempt until the module is gone.\n\n"
		"| scheme | idle: gate us | delete_module ms | gone after ms | max "
		"| loaded: gate us | delete_module ms | gone after ms | max |\n"
		"|---|---:|---:|---:|---:|---:|---:|---:|---:|\n",
		model_text(m, "unload.plan.workers"));
	for (i = 0; i < m->nr_schemes; i++)
		unload_row(m, f, &m->schemes[i], &family);
	if (md_number(m, "unload.plan.workers") < 2)
		fputs("\nWith two CPUs one unloads and the other has the one user. Users that get in each other's way "
		      "need a third CPU, and so does a bystander beside them: this run cannot show either.\n",
		      f);
	fputs("\nA percentile above the median needs more samples than this (p90: 36, p99: 368), and is left "
	      "out where it has not got them.\n\n",
	      f);
}

static const struct phase *find_phase(const struct model *m, const char *scheme, enum cell_arm arm,
				      int index)
{
	size_t i;

	for (i = 0; i < m->nr_phases; i++)
		if (m->phases[i].index == index &&
		    (!scheme || !strcmp(m->phases[i].key.scheme, scheme)) &&
		    m->phases[i].key.arm == arm)
			return &m->phases[i];
	return NULL;
}

static int last_index(const struct model *m)
{
	int last = 0;
	size_t i;

	for (i = 0; i < m->nr_phases; i++)
		if (m->phases[i].index > last)
			last = m->phases[i].index;
	return last;
}

/* The largest share that a phase has of the mean unload of any scheme. */
static double phase_share(const struct model *m, enum cell_arm arm, int index)
{
	double share = 0;
	size_t i, k;

	for (i = 0; i < m->nr_phases; i++) {
		const struct phase *p = &m->phases[i];
		double total = 0;

		if (p->index != index || p->key.arm != arm || !p->us.n)
			continue;
		for (k = 0; k < m->nr_phases; k++)
			if (m->phases[k].us.n && m->phases[k].key.arm == arm &&
			    !strcmp(m->phases[k].key.scheme, p->key.scheme))
				total += m->phases[k].us.s.mean * m->phases[k].us.n;
		share = fmax(share, total > 0 ? p->us.s.mean * p->us.n / total : 0);
	}
	return share;
}

static void phase_cell(FILE *f, const struct phase *p)
{
	char us[MD_NUM], off[MD_NUM];

	if (!p || !p->us.n)
		fputs(" - |", f);
	else
		fprintf(f, p->off_us.s.median > 0 ? " %s (%s) |" : " %s |",
			md_num(us, p->us.s.median), md_num(off, p->off_us.s.median));
}

/* @shown: by index; indices start at 0 */
static void phase_rows(const struct model *m, FILE *f, enum cell_arm arm, const bool *shown,
		       int last)
{
	const char *family = NULL;
	int index, columns = 1;
	size_t i;

	fputs("| scheme |", f);
	for (index = 0; index <= last; index++)
		if (shown[index]) {
			const struct phase *p = find_phase(m, NULL, arm, index);

			fprintf(f, " %s%s |", p->label, p->merged ? " (merged)" : "");
			columns++;
		}
	fputs("\n|---|", f);
	for (index = 1; index < columns; index++)
		fputs("---:|", f);
	fputs("\n", f);
	for (i = 0; i < m->nr_schemes; i++) {
		const struct scheme *s = &m->schemes[i];

		if (!model_arm(m, s->name, arm))
			continue;
		md_scheme(f, s, &family, columns);
		for (index = 0; index <= last; index++)
			if (shown[index])
				phase_cell(f, find_phase(m, s->name, arm, index));
		fputs("\n", f);
	}
	fputs("\n", f);
}

/* The phases that no row shows, and the longest that any scheme's median comes to. */
static void phase_others(const struct model *m, FILE *f, enum cell_arm arm, const bool *shown,
			 int last)
{
	char buf[MD_NUM];
	double most = 0;
	int index, n = 0;
	size_t i;

	fputs("Left out, since they are under 1 % of the mean unload of every scheme: ", f);
	for (index = 0; index <= last; index++) {
		const struct phase *p = find_phase(m, NULL, arm, index);

		if (!p || shown[index])
			continue;
		fprintf(f, "%s%s%s", n++ ? ", " : "", p->label, p->merged ? " (merged)" : "");
		for (i = 0; i < m->nr_phases; i++)
			if (m->phases[i].index == index && m->phases[i].key.arm == arm)
				most = fmax(most, m->phases[i].us.s.median);
	}
	fprintf(f, "%s; the longest median among them is %s us. ", n ? "" : "none",
		md_num(buf, most));
}

/* One arm: the loaded one if there is one. */
static void phase_table(const struct model *m, FILE *f)
{
	enum cell_arm arm = find_phase(m, NULL, ARM_LOADED, last_index(m)) ? ARM_LOADED : ARM_IDLE;
	int index, last = last_index(m);
	bool *shown AUTO_FREE = array_new(last + 1, sizeof(*shown));

	for (index = 0; index <= last; index++)
		shown[index] = phase_share(m, arm, index) >= PHASE_SHARE;
	fprintf(f, "### Phases of delete_module(2), %s: median us (of which off the CPU)\n\n",
		arm_names[arm]);
	phase_rows(m, f, arm, shown, last);
	phase_others(m, f, arm, shown, last);
	fputs("Medians do not add up; the means in the figure do, and so do the phases of every single "
	      "unload. A phase whose boundaries could not be watched is part of the one after it, which then "
	      "says *merged*.\n\n",
	      f);
}

void md_unloading(const struct model *m, FILE *f, const char *figures)
{
	if (!m->nr_arms)
		return;
	fputs("## Unloading\n\n", f);
	if (model_crowded(m))
		fprintf(f, "**Oversubscribed:** %s virtual CPUs shared %s.\n\n",
			model_text(m, "environment.cpu.online"),
			model_text(m, "environment.machine.host_cpus"));
	md_figure(
		m, f, figures, "unload",
		"Every unload, from the first attempt until the module is gone; the bar is the median.");
	unload_table(m, f);
	if (!m->nr_phases)
		return;
	md_figure(
		m, f, figures, "phases",
		"Where delete_module(2) spends its time. Left: means, which add up. Right: medians, least "
		"and greatest, so that short phases can be seen.");
	phase_table(m, f);
}
