// SPDX-License-Identifier: GPL-2.0
/* RESULTS.md: what an operation costs, in time and in instructions. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/refcost.h"
#include "base/text.h"
#include "report/md.h"
#include "report/report.h"

static void lookup_table(const struct model *m, FILE *f)
{
	int low = md_lowest_cpus(m, REFCOST_LOOKUP), high = model_max_cpus(m, REFCOST_LOOKUP);
	const char *family = NULL;
	char all[MD_NUM];
	size_t i;

	fprintf(f,
		"### With the lookup\n\nFind the object in the registry under the scheme's own lock, get, "
		"call the victim, put; ns per CPU.\n\n"
		"| scheme | %d CPU: median (interval) | %s: median (interval) | growth |\n"
		"|---|---:|---:|---:|\n",
		low, md_cpus(all, high));
	for (i = 0; i < m->nr_schemes; i++) {
		const struct scheme *s = &m->schemes[i];
		const struct cell *c = model_cell(m, s->name, REFCOST_LOOKUP, low);
		const struct cell *n = model_cell(m, s->name, REFCOST_LOOKUP, high);
		double growth = md_growth(m, s->name, REFCOST_LOOKUP);

		if (!c)
			continue;
		md_scheme(f, s, &family, 4);
		md_cell_ns(f, c);
		md_cell_ns(f, n);
		fprintf(f, isnan(growth) ? " - |\n" : " %.1fx |\n", growth);
	}
	fputs("\n", f);
}

void md_fast(const struct model *m, FILE *f, const char *figures)
{
	if (!m->nr_cells)
		return;
	fputs("## Scaling\n\n", f);
	md_figure(
		m, f, figures, "scaling",
		"Time of a get and put on each CPU, a panel a family. A flat line scales; a line of slope 1 "
		"means that all CPUs together do no more than one. Grey: floors, which protect nothing.");
	md_figure(
		m, f, figures, "throughput",
		"The same, as operations a second of all CPUs together. Dotted: the best of the panel at "
		"the least number of CPUs, times CPUs.");
	if (model_max_cpus(m, REFCOST_LOOKUP))
		lookup_table(m, f);
}

static void variant_row(const struct model *m, FILE *f, const struct scheme *s)
{
	const struct cell *low =
		model_cell(m, s->name, REFCOST_GETPUT, md_lowest_cpus(m, REFCOST_GETPUT));
	const struct cell *high =
		model_cell(m, s->name, REFCOST_GETPUT, model_max_cpus(m, REFCOST_GETPUT));
	const struct arm *idle = model_arm(m, s->name, ARM_IDLE);
	const struct arm *loaded = model_arm(m, s->name, ARM_LOADED);

	fprintf(f, "| `%s` | %s |", s->name, *s->what ? s->what : "-");
	md_cell_exact(f, model_instructions(m, s->name, REFCOST_GETPUT));
	md_cell_ns(f, low);
	md_cell_ns(f, high);
	md_cell(f, idle && idle->gate_us.s.max > 0 ? idle->gate_us.s.median / 1e3 : NAN);
	md_cell(f, loaded && loaded->gate_us.s.max > 0 ? loaded->gate_us.s.median / 1e3 : NAN);
	fputs("\n", f);
}

void md_variants(const struct model *m, FILE *f)
{
	const struct scheme **list AUTO_FREE = array_new(m->nr_schemes, sizeof(*list));
	size_t i, n = report_variants(m, list);

	if (n < 2)
		return;
	fprintf(f,
		"## Per-CPU variants\n\n"
		"What was or might have been a per-CPU count, between two floors and today's atomic one.\n\n"
		"| scheme | what | instructions | %d CPU: ns | %d CPUs: ns | gate idle ms | gate loaded ms |\n"
		"|---|---|---:|---:|---:|---:|---:|\n",
		md_lowest_cpus(m, REFCOST_GETPUT), model_max_cpus(m, REFCOST_GETPUT));
	for (i = 0; i < n; i++)
		variant_row(m, f, list[i]);
	fputs("\n", f);
}

/* Of two schemes of a family, the one with fewer instructions goes first; those without go last. */
static int count_cmp(const void *a, const void *b, void *model)
{
	const struct scheme *const *x = a, *const *y = b;
	double i = model_instructions(model, (*x)->name, REFCOST_GETPUT);
	double j = model_instructions(model, (*y)->name, REFCOST_GETPUT);

	return strcmp((*x)->family, (*y)->family) ? ((*x)->rank - (*y)->rank)
	       : isnan(i) || isnan(j)		  ? (isnan(i) - isnan(j) ?: (*x)->slot - (*y)->slot)
						  : ((i > j) - (i < j) ?: (*x)->slot - (*y)->slot);
}

static void count_row(const struct model *m, FILE *f, const struct scheme *s, const char **family)
{
	double getput = model_instructions(m, s->name, REFCOST_GETPUT);
	double lookup = model_instructions(m, s->name, REFCOST_LOOKUP);

	if (isnan(getput) && isnan(lookup))
		return;
	md_scheme(f, s, family, 4);
	md_cell_exact(f, getput);
	md_cell_exact(f, getput - md_loop_instructions(m));
	md_cell_exact(f, lookup);
	fputs("\n", f);
}

/* What a scheme costs over the floors that it is made of. */
static void floors_sentence(const struct model *m, FILE *f, const struct scheme *s)
{
	double all = model_instructions(m, s->name, REFCOST_GETPUT);
	double loop = md_loop_instructions(m), rest = all - loop;
	size_t i, n = 0;

	for (i = 0; i < m->nr_schemes; i++)
		if (text_has_word(s->floors, m->schemes[i].name))
			rest -= model_instructions(m, m->schemes[i].name, REFCOST_GETPUT) - loop;
	if (!*s->floors || isnan(rest))
		return;
	fprintf(f, "`%s` (net %.2f) is", s->name, all - loop);
	for (i = 0; i < m->nr_schemes; i++)
		if (text_has_word(s->floors, m->schemes[i].name))
			fprintf(f, "%s `%s` (%.2f)", n++ ? " and" : "", m->schemes[i].name,
				model_instructions(m, m->schemes[i].name, REFCOST_GETPUT) - loop);
	fprintf(f, n ? " and %.2f more.\n" : " %.2f.\n", rest);
}

void md_instructions(const struct model *m, FILE *f)
{
	const struct scheme **order AUTO_FREE = array_new(m->nr_schemes, sizeof(*order));
	const char *family = NULL;
	size_t i;

	if (!m->nr_counts)
		return;
	for (i = 0; i < m->nr_schemes; i++)
		order[i] = &m->schemes[i];
	qsort_r(order, m->nr_schemes, sizeof(*order), count_cmp, (void *)m);
	fprintf(f,
		"## Instructions\n\nExact counts per operation, on one CPU that executes one instruction a "
		"nanosecond of its own clock. %s\n\n"
		"| scheme | get and put | net of `empty` | with the lookup |\n|---|---:|---:|---:|\n",
		isnan(md_loop_instructions(m))
			? "The harness is contained in every row; `empty`, which is the harness alone, was not "
			  "counted, so that it is not taken out."
			: "`empty` is the harness, contained in every other row of its column and taken out "
			  "of the second.");
	for (i = 0; i < m->nr_schemes; i++)
		count_row(m, f, order[i], &family);
	fputs("\n", f);
	for (i = 0; i < m->nr_schemes; i++)
		floors_sentence(m, f, &m->schemes[i]);
	fputs("\n", f);
}
