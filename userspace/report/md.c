// SPDX-License-Identifier: GPL-2.0
/* RESULTS-tables.md: its first lines, its first table, and the order of its parts. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/refcost.h"
#include "report/md.h"
#include "report/report.h"

static void machine(const struct model *m, FILE *f)
{
	if (md_emulated(m))
		fputs("**This is an emulated machine, so no nanosecond below is a nanosecond of hardware.** "
		      "What holds: ratios within this run, the shape of a curve up to the number of host CPUs, "
		      "the order of the schemes, counts (attempts, failed gets, grace periods), and instruction "
		      "counts. What does not: absolute times, the cost of a cache miss against that of an "
		      "instruction, anything beyond the host's CPUs (marked *oversubscribed*).\n\n",
		      f);
	else if (!strcmp(model_text(m, "environment.machine.kind"), "virtual"))
		fputs("**This is a virtual machine:** its CPUs may be taken away at any moment. Ratios and the "
		      "shape of curves hold; read absolute times with the steal time below in mind.\n\n",
		      f);
}

static void heading(const struct model *m, FILE *f)
{
	char label[512];

	fprintf(f, "<!-- Written by refcost report; ./bench.sh --update writes it again. -->\n"
		   "# Tables of all schemes\n\n");
	fprintf(f, "**%s.**\n\n", report_label(m, label, sizeof(label)));
	machine(m, f);
	if (strcmp(model_text(m, "run.status"), "complete"))
		fprintf(f, "**Fast-path measurements: %s.**\n\n", model_text(m, "run.status"));
	if (strcmp(model_text(m, "unload.status"), "complete"))
		fprintf(f, "**Unload measurements: %s.**\n\n", model_text(m, "unload.status"));
	if (model_get(m, "objects") && strcmp(model_text(m, "objects.status"), "complete"))
		fprintf(f, "**Measurements per object: %s.**\n\n", model_text(m, "objects.status"));
	if (model_get(m, "loading") && strcmp(model_text(m, "loading.status"), "complete"))
		fprintf(f, "**Load measurements: %s.**\n\n", model_text(m, "loading.status"));
}

static void cell_net(const struct model *m, FILE *f, const struct cell *c)
{
	const struct cell *empty = md_loop(m, c->key.cpus);
	double net = NAN;

	if (!empty || c == empty)
		fputs(" - |", f);
	else if (stats_net(&c->ns.s, &empty->ns.s, &net))
		md_cell(f, net);
	else
		fputs(" < resolution |", f);
}

static void cell_growth(FILE *f, double ratio)
{
	if (isnan(ratio))
		fputs(" - |", f);
	else
		fprintf(f, " %.1fx |", ratio);
}

/* The median of an arm, or that there is none. */
static void cell_success(FILE *f, const struct arm *a)
{
	if (a && !model_success(a))
		fputs(" starved |", f);
	else
		md_cell_median(f, model_success(a));
}

static void headline_row(const struct model *m, FILE *f, const struct scheme *s,
			 const struct cell *low, const char **family)
{
	const struct cell *high =
		model_cell(m, s->name, REFCOST_GETPUT, model_max_cpus(m, REFCOST_GETPUT));

	md_scheme(f, s, family, 9);
	md_cell(f, low->ns.s.min);
	md_cell_ns(f, low);
	cell_net(m, f, low);
	md_cell_ns(f, high);
	cell_growth(f, md_growth(m, s->name, REFCOST_GETPUT));
	md_cell_exact(f, model_instructions(m, s->name, REFCOST_GETPUT));
	cell_success(f, model_arm(m, s->name, ARM_IDLE));
	cell_success(f, model_arm(m, s->name, ARM_LOADED));
	fputs("\n", f);
}

static void headline_table(const struct model *m, FILE *f)
{
	int low = md_lowest_cpus(m, REFCOST_GETPUT), high = model_max_cpus(m, REFCOST_GETPUT);
	const char *family = NULL;
	char and[MD_NUM] = "", all[MD_NUM];
	size_t i;

	md_cpus(all, high);
	if (low != high)
		snprintf(and, sizeof(and), "%d and ", low);
	fprintf(f,
		"A get and its put, in ns of a running CPU, with %s%s on one shared object; its "
		"instructions; and how long the module takes to go (first attempt to gone, ms).\n\n"
		"| scheme | %d CPU: least | median (interval) | net of `empty` | %s: median (interval) | growth "
		"| instructions | unload idle: p50 (interval) | unload loaded: p50 (interval) |\n"
		"|---|---:|---:|---:|---:|---:|---:|---:|---:|\n",
		and, all, low, all);
	for (i = 0; i < m->nr_schemes; i++) {
		const struct cell *c = model_cell(m, m->schemes[i].name, REFCOST_GETPUT, low);

		if (c)
			headline_row(m, f, &m->schemes[i], c, &family);
	}
	fputs("\n", f);
	if (m->nr_arms && model_crowded(m))
		fprintf(f,
			"The unloads are **oversubscribed**, so compare none of them with another: %s virtual CPUs "
			"shared %s, and an unload waits for the time slices of those that wait for it.\n\n",
			model_text(m, "environment.cpu.online"),
			model_text(m, "environment.machine.host_cpus"));
}

static void headline(const struct model *m, FILE *f)
{
	if (!m->nr_cells)
		return;
	fputs("## All schemes\n\n", f);
	if (md_lowest_cpus(m, REFCOST_GETPUT) && !model_max_cpus(m, REFCOST_GETPUT)) {
		fputs("None: all was measured with more workers than CPUs.\n\n", f);
		return;
	}
	headline_table(m, f);
}

void report_tables(const struct model *m, FILE *f, const char *figures)
{
	heading(m, f);
	headline(m, f);
	md_claim(m, f);
	md_fast(m, f, figures);
	md_hold(m, f);
	md_usl(m, f);
	md_placement(m, f);
	md_variants(m, f);
	md_instructions(m, f);
	md_counters(m, f, figures);
	md_unloading(m, f, figures);
	md_under_load(m, f, figures);
	md_two_phases(m, f);
	md_objects(m, f);
	md_traced(m, f, figures);
	md_about(m, f);
}
