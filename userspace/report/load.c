// SPDX-License-Identifier: GPL-2.0
/* RESULTS.md: unloads and loads while others use the module, and what those users notice. */
#include <math.h>
#include <string.h>

#include "base/refcost.h"
#include "report/md.h"

static void cell_p50_max(FILE *f, const struct stats_summary *s, double scale)
{
	char p50[MD_NUM], max[MD_NUM];

	if (s->n)
		fprintf(f, " %s, %s |", md_num(p50, s->median * scale),
			md_num(max, s->max * scale));
	else
		fputs(" - |", f);
}

static void cell_share(FILE *f, double part, double all)
{
	if (isnan(part) || !(all > 0))
		fputs(" - |", f);
	else if (part > 0)
		fprintf(f, " %.0f (%.2g %%) |", part, 100 * part / all);
	else
		fputs(" 0 |", f);
}

/* A lookup that fails because another module of the subsystem goes is one that nobody expects. */
static void bystanders_sentence(const struct model *m, FILE *f)
{
	double ops = 0, failed = 0;
	size_t i, n = 0;

	for (i = 0; i < m->nr_arms; i++)
		if (m->arms[i].base && m->arms[i].bystander_us.n &&
		    !isnan(m->arms[i].bystander_ops)) {
			ops += m->arms[i].bystander_ops;
			failed += m->arms[i].bystander_failed;
		}
	if (!(ops > 0))
		return;
	fprintf(f, "Of %.0f lookups of the bystanders %.0f got no reference", ops, failed);
	for (i = 0; i < m->nr_arms; i++)
		if (m->arms[i].base && m->arms[i].bystander_failed > 0)
			fprintf(f, "%s`%s` %.0f", n++ ? ", " : ": ", m->arms[i].key.scheme,
				m->arms[i].bystander_failed);
	fputs(".\n\n", f);
}

static void users_table(const struct model *m, FILE *f)
{
	const char *family = NULL;
	size_t i;

	fputs("*Failed* gets found no object or no reference between the first attempt and the return of the "
	      "last; *refused* ones found the object, and were sent away (where the scheme can tell); "
	      "*spurious* ones failed although the module stayed. *Stall*: the longest time between two "
	      "finished lookups of one worker, before the first attempt (calm) and from then on; median, worst "
	      "of the cycles. The *bystander* looks up an object of another module in the same subsystem.\n\n"
	      "| scheme | gone | failed | refused | spurious | users: calm ms | users: stall ms "
	      "| bystander: calm ms | bystander: stall ms |\n"
	      "|---|---:|---:|---:|---:|---:|---:|---:|---:|\n",
	      f);
	for (i = 0; i < m->nr_schemes; i++) {
		const struct arm *a = model_arm(m, m->schemes[i].name, ARM_LOADED);

		if (!a)
			continue;
		md_scheme(f, &m->schemes[i], &family, 9);
		fprintf(f, " %zu/%zu | %.0f |", a->gone, a->cycles, a->failed);
		md_cell_count(f, a->refused);
		cell_share(f, a->spurious, a->failed);
		cell_p50_max(f, &a->calm_us.s, 1e-3);
		cell_p50_max(f, &a->stall_us.s, 1e-3);
		cell_p50_max(f, &a->bystander_calm_us.s, 1e-3);
		cell_p50_max(f, &a->bystander_us.s, 1e-3);
		fputs("\n", f);
	}
	fputs("\n", f);
	bystanders_sentence(m, f);
}

/* "0", "1 us", "10 ms" */
static const char *hold_text(char *buf, double ns)
{
	if (ns < 1)
		snprintf(buf, MD_NUM, "0");
	else if (ns < 1e6)
		snprintf(buf, MD_NUM, "%g us", ns / 1e3);
	else
		snprintf(buf, MD_NUM, "%g ms", ns / 1e6);
	return buf;
}

static size_t nr_holds(const struct model *m)
{
	double hold = -1;
	size_t n = 0;

	while (!isnan(hold = model_next_hold(m, ARM_LOADED, hold)))
		n++;
	return n;
}

/* Time and attempts of one hold. */
static void hold_cell(FILE *f, const struct arm *a)
{
	char ms[MD_NUM];

	if (!a) {
		fputs(" - |", f);
		return;
	}
	fprintf(f, " %s", model_success(a) ? md_num(ms, model_success(a)->median) : "-");
	fprintf(f, "; %.0f, %.0f", a->attempts.s.median, a->attempts.s.max);
	if (a->gone < a->cycles)
		fprintf(f, "; **starved %zu/%zu**", a->cycles - a->gone, a->cycles);
	fputs(" |", f);
}

static void hold_row(const struct model *m, FILE *f, const struct scheme *s, const char **family,
		     size_t holds)
{
	double hold = -1;

	if (!model_arm(m, s->name, ARM_LOADED))
		return;
	md_scheme(f, s, family, holds + 1);
	while (!isnan(hold = model_next_hold(m, ARM_LOADED, hold)))
		hold_cell(f, model_arm_at(m, s->name, ARM_LOADED, hold));
	fputs("\n", f);
}

/* Who starved, and how long they were given. */
static void starved_sentence(const struct model *m, FILE *f)
{
	double least = INFINITY, most = 0;
	size_t i, unloads = 0, cells = 0;
	char lo[MD_NUM], hi[MD_NUM];

	for (i = 0; i < m->nr_arms; i++) {
		const struct arm *a = &m->arms[i];

		unloads += a->cycles - a->gone;
		cells += a->gone < a->cycles;
		if (a->tried_ms.n) {
			least = fmin(least, a->tried_ms.s.min);
			most = fmax(most, a->tried_ms.s.max);
		}
	}
	fprintf(f, "A busy victim is given up after %s attempts",
		model_text(m, "unload.plan.attempts"));
	if (model_get(m, "unload.plan.patience_ns"))
		fprintf(f, " or %g s", md_number(m, "unload.plan.patience_ns") / 1e9);
	if (!unloads) {
		fputs(": the unload has starved. None did.\n\n", f);
		return;
	}
	fputs(": the unload has starved. ", f);
	fprintf(f, "%zu did, in %zu cells of the table", unloads, cells);
	if (most > 0)
		fprintf(f, ": given up after %s to %s ms", md_num(lo, least), md_num(hi, most));
	fputs(". A median counts them as longer than that; where half or more starved there is none.\n\n",
	      f);
}

static void hold_table(const struct model *m, FILE *f)
{
	size_t holds = nr_holds(m), i;
	const char *family = NULL;
	char buf[MD_NUM];
	double hold = -1;

	if (holds > 1)
		fputs("Users that stay in the victim's text for a while. ", f);
	fputs("Median ms from the first attempt until the module is gone; attempts: median, max.\n\n"
	      "| scheme |",
	      f);
	while (!isnan(hold = model_next_hold(m, ARM_LOADED, hold)))
		fprintf(f, " hold %s |", hold_text(buf, hold));
	fputs("\n|---|", f);
	for (i = 0; i < holds; i++)
		fputs("---:|", f);
	fputs("\n", f);
	for (i = 0; i < m->nr_schemes; i++)
		hold_row(m, f, &m->schemes[i], &family, holds);
	fputs("\n", f);
	starved_sentence(m, f);
}

void md_under_load(const struct model *m, FILE *f, const char *figures)
{
	if (!nr_holds(m))
		return;
	fputs("## Unload under load\n\n", f);
	md_figure(m, f, figures, "attempts",
		  "Time to success against the time that users hold the object, a panel a family. "
		  "Crosses: given up, at the time that was given.");
	hold_table(m, f);
	md_figure(
		m, f, figures, "stall",
		"The longest time for which a lookup stood still while a module was unloaded: users of that "
		"module against the user of another module in the same subsystem. Ticks: the same users before "
		"the unload.");
	users_table(m, f);
}

static void loading_row(FILE *f, const struct loading *l)
{
	fprintf(f, " %s | %zu |", form_names[l->key.form], l->cycles);
	md_cell_median(f, &l->load_ms.s);
	cell_p50_max(f, &l->window_us.s, 1);
	fprintf(f, " %zu/%zu |", l->hit, l->cycles);
	cell_p50_max(f, &l->refused.s, 1);
	fputs("\n", f);
}

/* The least and the most loads of a kind that refused somebody, of all that were made. */
static void loading_sentence(const struct model *m, FILE *f, enum cell_form form, const char *what)
{
	size_t i, hit = 0, cycles = 0;
	double refused = 0;

	for (i = 0; i < m->nr_loadings; i++) {
		const struct loading *l = &m->loadings[i];

		if (l->key.form != form)
			continue;
		hit += l->hit;
		cycles += l->cycles;
		refused += l->refused.s.mean * l->refused.n;
	}
	if (cycles)
		fprintf(f, "%s: %zu of %zu loads refused somebody, %.0f gets in all. ", what, hit,
			cycles, refused);
}

void md_two_phases(const struct model *m, FILE *f)
{
	const char *family = NULL;
	double violations = 0;
	size_t i, k;

	if (!m->nr_loadings)
		return;
	fprintf(f,
		"## Two-phase initialisation\n\n"
		"%d user%s for the object while the victim is loaded. In *one* phase its objects are "
		"listed before the module is live, and a user that finds one in between (*window*) is refused; in "
		"*two* it goes live first and lists them then.\n\n"
		"| scheme | phases | loads | load ms (interval) | window us: p50, max | loads with refusals "
		"| refused gets: p50, max |\n|---|---|---:|---:|---:|---:|---:|\n",
		m->loadings[0].workers, m->loadings[0].workers == 1 ? " looks" : "s look");
	for (i = 0; i < m->nr_schemes; i++)
		for (k = 0; k < FORMS; k++) {
			const struct loading *l = model_loading(m, m->schemes[i].name, k);

			if (!l)
				continue;
			md_scheme(f, &m->schemes[i], &family, 7);
			loading_row(f, l);
			violations += l->violations;
		}
	fputs("\n", f);
	loading_sentence(m, f, FORM_ONE_PHASE, "One phase");
	loading_sentence(m, f, FORM_TWO_PHASE, "Two phases");
	fprintf(f, "Uses of text given up: %.0f.\n\n", violations);
}
