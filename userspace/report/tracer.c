// SPDX-License-Identifier: GPL-2.0
/* RESULTS.md: what the tracer saw of unloads apart from any scheme. */
#include <math.h>
#include <string.h>

#include "base/refcost.h"
#include "report/md.h"

/* Phases that are grace periods or waits, by their labels; merged ones hold more than that. */
static bool is_part(const char *label, const char *begin, const char *end)
{
	size_t len = strlen(label);

	return !strstr(label, "..") && !strncmp(label, begin, strlen(begin)) &&
	       len >= strlen(end) && !strcmp(label + len - strlen(end), end);
}

static bool is_grace(const char *label)
{
	return is_part(label, "", "grace period");
}

static bool is_wait(const char *label)
{
	return is_part(label, "lock wait", "");
}

/* Sum over the phases of a kind, per call, ms; with @n, how many such phases a call has. */
static double per_call(const struct traced *g, bool (*is)(const char *label), double *n)
{
	double sum = 0, count = 0;
	size_t i;

	for (i = 0; i < g->nr_phases; i++)
		if (is(g->phases[i].label)) {
			sum += g->phases[i].us.s.mean * g->phases[i].us.n;
			count += g->phases[i].us.n;
		}
	if (n)
		*n = count / g->total_ms.n;
	return sum / g->total_ms.n / 1e3;
}

static void grace_row(FILE *f, const struct traced *g)
{
	double n, grace = per_call(g, is_grace, &n);

	fprintf(f, "| `%s` | %d | %zu |", g->module, g->level, g->total_ms.n);
	md_cell_median(f, &g->total_ms.s);
	fprintf(f, " %.2f |", n);
	md_cell(f, grace);
	md_cell(f, g->total_ms.s.mean - grace);
	fputs("\n", f);
}

/* What the rows say, if they do. */
static void grace_sentence(const struct tracer_model *t, FILE *f)
{
	const struct traced *with = tracer_group(t, "grace", 0, "refcost_victim");
	const struct traced *without = tracer_group(t, "grace", 0, "refcost_victim_notrace");
	const struct traced *fast = tracer_group(t, "grace", 1, "refcost_victim");
	double two, one;

	if (!with || !without)
		return;
	per_call(with, is_grace, &two);
	per_call(without, is_grace, &one);
	fprintf(f,
		"With calls of ftrace in its text a module waits for %.2f grace periods an unload, "
		"without for %.2f: %.1f against %.1f ms.",
		two, one, with->total_ms.s.median, without->total_ms.s.median);
	if (fast)
		fprintf(f, " Expedited, the former takes %.2f ms: a factor of %.0f.",
			fast->total_ms.s.median, with->total_ms.s.median / fast->total_ms.s.median);
	fputs("\n\n", f);
}

static void grace_table(const struct tracer_model *t, FILE *f)
{
	size_t i;

	if (!tracer_group(t, "grace", 0, NULL) && !tracer_group(t, "grace", 1, NULL))
		return;
	fputs("### Grace periods\n\n"
	      "The suite's victim, idle, built with calls of ftrace (mcount sites) and without; "
	      "`rcu_expedited` 0 and 1. Grace periods are those that delete_module waits for itself, in "
	      "ftrace's release and in free_module.\n\n"
	      "| module | expedited | unloads | total ms: p50 (interval) | grace periods an unload "
	      "| in them, mean ms | all else, mean ms |\n|---|---:|---:|---:|---:|---:|---:|\n",
	      f);
	for (i = 0; i < t->nr_traced; i++)
		if (!strcmp(t->traced[i].experiment, "grace"))
			grace_row(f, &t->traced[i]);
	fputs("\n", f);
	grace_sentence(t, f);
}

static void parallel_table(const struct model *m, FILE *f, const char *figures)
{
	const struct tracer_model *t = &m->tracer;
	const struct traced *one = tracer_group(t, "parallel", 1, NULL);
	size_t i;

	if (!one)
		return;
	fputs("### Unloads at once\n\n"
	      "Empty modules, each its own, unloaded at the same moment. module_mutex is taken five times in "
	      "an unload, and the last grace period passes under it: unloads queue.\n\n"
	      "| at once | rounds | one call, ms: p50 (interval) | the slowest of a round: p50 (interval) "
	      "| over one alone | waiting for module_mutex, mean ms | in grace periods, mean ms |\n"
	      "|---:|---:|---:|---:|---:|---:|---:|\n",
	      f);
	for (i = 0; i < t->nr_traced; i++) {
		const struct traced *g = &t->traced[i];

		if (strcmp(g->experiment, "parallel"))
			continue;
		fprintf(f, "| %d | %zu |", g->level, g->last_ms.n);
		md_cell_median(f, &g->total_ms.s);
		md_cell_median(f, &g->last_ms.s);
		fprintf(f, " %.1fx |", g->last_ms.s.median / one->last_ms.s.median);
		md_cell(f, per_call(g, is_wait, NULL));
		md_cell(f, per_call(g, is_grace, NULL));
		fputs("\n", f);
	}
	fputs("\n", f);
	md_figure(
		m, f, figures, "parallel",
		"Where the time of one call goes when several modules go at once: means, which add up. Dots: "
		"the slowest call of a round, median and interval.");
}

static void modules_table(const struct model *m, FILE *f, const char *figures)
{
	const struct tracer_model *t = &m->tracer;
	size_t i, n = 0;

	for (i = 0; i < t->nr_traced; i++)
		n += !strcmp(t->traced[i].experiment, "modules");
	if (n) {
		fputs("### Modules of the distribution\n\n"
		      "| module | unloads | total ms: p50 (interval) | max | grace periods an unload "
		      "| longest phase, by means | ms |\n|---|---:|---:|---:|---:|---|---:|\n",
		      f);
		for (i = 0; i < t->nr_traced; i++) {
			const struct traced *g = &t->traced[i];
			const struct traced_phase *longest = g->phases;
			double graces;
			size_t k;

			if (strcmp(g->experiment, "modules"))
				continue;
			for (k = 0; k < g->nr_phases; k++)
				if (g->phases[k].us.s.mean > longest->us.s.mean)
					longest = &g->phases[k];
			per_call(g, is_grace, &graces);
			fprintf(f, "| `%s` | %zu |", g->module, g->total_ms.n);
			md_cell_median(f, &g->total_ms.s);
			md_cell(f, g->total_ms.s.max);
			fprintf(f, " %.2f | %s |", graces, longest->label);
			md_cell(f, longest->us.s.mean / 1e3);
			fputs("\n", f);
		}
		fputs("\nWhat exit() itself waits for is in its own phase: `refcost trace --stacks` names it.\n\n",
		      f);
	}
	md_figure(m, f, figures, "modules", "Every unload; the bar is the median.");
}

/* rcu_normal has the last word: then there is no arm with short grace periods. */
static void overruled(const struct model *m, FILE *f)
{
	if (!strcmp(model_text(m, "environment.kernel.rcu_normal"), "1"))
		fputs("**`rcu_normal` was 1, which overrules `rcu_expedited`: short grace periods are not available "
		      "in this run, and what is said of `rcu_expedited=1` is of normal ones.**\n\n",
		      f);
}

void md_traced(const struct model *m, FILE *f, const char *figures)
{
	if (!m->tracer.nr_traced)
		return;
	fputs("## Where an unload's time goes, whatever the scheme\n\n", f);
	md_figure(m, f, figures, "waterfall",
		  "One unload, phase by phase: of each kind the one whose total is the median.");
	overruled(m, f);
	grace_table(&m->tracer, f);
	parallel_table(m, f, figures);
	modules_table(m, f, figures);
}
