// SPDX-License-Identifier: GPL-2.0
/*
 * RESULTS.md: what Linux 3.19 said when it replaced per-CPU module counts by one atomic count, held
 * against the numbers. Verdicts come from intervals alone.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/refcost.h"
#include "report/md.h"

#define OLD    role_name(m, "replaced")
#define NEW    role_name(m, "replacing")
#define OBJECT role_name(m, "object")
#define FLOOR  object_floor(m)

/* A share of one CPU's time that counts as noise. */
#define NOISE 0.01

/* No scheme has an empty name, so that nothing is found of a role that nobody has. */
static const char *role_name(const struct model *m, const char *role)
{
	const struct scheme *s = model_role(m, role);

	return s ? s->name : "";
}

static const char *object_floor(const struct model *m)
{
	const struct scheme *s = model_role(m, "object");

	return s ? s->floors : "";
}

/* How many a second come to that share. */
static double noise_rate(double ns)
{
	return NOISE / (ns / 1e9);
}

/* "14.3 k" operations a second */
static void cell_rate(FILE *f, double ns)
{
	double rate = noise_rate(ns);
	char buf[MD_NUM];

	if (rate >= 1e6)
		fprintf(f, " %s M/s |", md_num(buf, rate / 1e6));
	else
		fprintf(f, " %s k/s |", md_num(buf, rate / 1e3));
}

static void cost_table(const struct model *m, FILE *f)
{
	int cpus;

	fprintf(f,
		"| CPUs | `%s` ns (interval) | `%s` ns (interval) | ratio by block (interval) "
		"| `%s`: 1 %% of a CPU at | `%s`: 1 %% of a CPU at |\n"
		"|---:|---:|---:|---:|---:|---:|\n",
		OLD, NEW, OLD, NEW);
	for (cpus = 0; (cpus = model_next_cpus(m, REFCOST_GETPUT, cpus));) {
		const struct cell *old = model_cell(m, OLD, REFCOST_GETPUT, cpus);
		const struct cell *new = model_cell(m, NEW, REFCOST_GETPUT, cpus);
		struct stats_summary ratio;
		bool shared;

		if (!old || !new)
			continue;
		shared = old->oversubscribed || new->oversubscribed;
		fprintf(f, "| %d%s |", cpus, shared ? " (oversubscribed)" : "");
		md_cell_ns(f, old);
		md_cell_ns(f, new);
		if (shared) {
			fputs(" - | - | - |\n", f);
			continue;
		}
		md_cell_median(f, md_ratio(&ratio, new, old) ? &ratio : NULL);
		cell_rate(f, old->ns.s.median);
		cell_rate(f, new->ns.s.median);
		fputs("\n", f);
	}
	fputs("\n", f);
}

static void cost_instructions(const struct model *m, FILE *f)
{
	double empty = md_loop_instructions(m);
	double old = model_instructions(m, OLD, REFCOST_GETPUT);
	double new = model_instructions(m, NEW, REFCOST_GETPUT);

	if (isnan(old) || isnan(new)) {
		fprintf(f,
			"Instructions%s were not counted in this run (bench.sh --instructions).\n\n",
			m->nr_counts ? " of both" : "");
		return;
	}
	if (isnan(empty)) {
		fprintf(f,
			"In instructions, with those of the loop, which `empty` would tell apart and was not "
			"counted, it is %.2f against %.2f.\n\n",
			new, old);
		return;
	}
	old -= empty;
	new -= empty;
	fprintf(f,
		"In instructions, net of the loop, it is %.2f against %.2f, %.2f times as many. Of each "
		"thousand million instructions a second, 1 %% pays for %.0f thousand gets and puts of `%s` "
		"and for %.0f thousand of `%s`.%s\n\n",
		new, old, new / old, NOISE * 1e6 / old, OLD, NOISE * 1e6 / new, NEW,
		md_emulated(m)
			? " These counts hold on this architecture and kernel; the times above are "
			  "an emulator's and hold as ratios only."
			: "");
}

static void cost(const struct model *m, FILE *f)
{
	fputs("One get and put for each packet is noise as long as the packets of the whole machine cost no "
	      "more than 1 % of one CPU: up to 0.01 / (time of a get and put) packets a second.\n\n",
	      f);
	cost_table(m, f);
	cost_instructions(m, f);
}

/* @scale: of the numbers; 0: they are counts */
static void exchange_row(FILE *f, const char *what, const struct stats_summary *old,
			 const struct stats_summary *new, double scale, bool worst)
{
	double a = old && old->n ? (worst ? old->max : old->median) : NAN;
	double b = new &&new->n ? (worst ? new->max : new->median) : NAN;

	if (isnan(a) && isnan(b))
		return;
	fprintf(f, "| %s |", what);
	if (scale > 0) {
		md_cell(f, a * scale);
		md_cell(f, b * scale);
	} else {
		md_cell_count(f, a);
		md_cell_count(f, b);
	}
	md_cell(f, b > 0 ? a / b : NAN);
	fputs("\n", f);
}

static void exchange(const struct model *m, FILE *f)
{
	const struct arm *old = model_arm(m, OLD, ARM_LOADED), *new = model_arm(m, NEW, ARM_LOADED);
	const struct arm *old_idle = model_arm(m, OLD, ARM_IDLE);
	const struct arm *new_idle = model_arm(m, NEW, ARM_IDLE);

	if ((!old || !new) && (!old_idle || !new_idle)) {
		fputs("What the unload gained in exchange was not measured in this run.\n\n", f);
		return;
	}
	if (model_crowded(m)) {
		fprintf(f,
			"What the unload gained in exchange is not told from this run: %s virtual CPUs shared "
			"%s, and an unload waits for the time slices of those that wait for it.\n\n",
			model_text(m, "environment.cpu.online"),
			model_text(m, "environment.machine.host_cpus"));
		return;
	}
	fprintf(f,
		"What the unload gained in exchange:\n\n"
		"| unload | `%s` | `%s` | ratio |\n|---|---:|---:|---:|\n",
		OLD, NEW);
	exchange_row(f, "time to success, idle, median ms", model_success(old_idle),
		     model_success(new_idle), 1, false);
	exchange_row(f, "time to success, loaded, median ms", model_success(old),
		     model_success(new), 1, false);
	if (!old || !new) {
		fputs("\nUnder load, this run did not measure both.\n\n", f);
		return;
	}
	exchange_row(f, "attempts, loaded, median", &old->attempts.s, &new->attempts.s, 0, false);
	exchange_row(f, "longest stall of a user, median ms", &old->stall_us.s, &new->stall_us.s,
		     1e-3, false);
	exchange_row(f, "longest stall of a user, worst ms", &old->stall_us.s, &new->stall_us.s,
		     1e-3, true);
	exchange_row(f, "longest stall of the bystander, median ms", &old->bystander_us.s,
		     &new->bystander_us.s, 1e-3, false);
	exchange_row(f, "longest stall of the bystander, worst ms", &old->bystander_us.s,
		     &new->bystander_us.s, 1e-3, true);
	fputs("\n", f);
	if (!old->bystander_us.n || !new->bystander_us.n)
		fputs("There was no bystander in this run.\n\n", f);
}

/* How much a scheme's operation grew, times or ns, in one block. */
static double grown(const struct model *m, const char *scheme, int cpus, double block, bool added)
{
	const struct cell *low =
		model_cell(m, scheme, REFCOST_GETPUT, md_lowest_cpus(m, REFCOST_GETPUT));
	const struct cell *high = model_cell(m, scheme, REFCOST_GETPUT, cpus);
	double from, to;

	if (!low || !high)
		return NAN;
	from = model_at(low, block);
	to = model_at(high, block);
	return added ? to - from : to / from;
}

/* Over the blocks: how much @a grew, less how much @b did where there is one. */
static bool growth_summary(struct stats_summary *s, const struct model *m, const char *a,
			   const char *b, int cpus, bool added)
{
	const struct cell *c = model_cell(m, a, REFCOST_GETPUT, cpus);
	double *v AUTO_FREE = array_new(c ? c->block.n : 0, sizeof(*v));
	size_t i, n = 0;

	for (i = 0; c && i < c->block.n; i++) {
		double of_b = b ? grown(m, b, cpus, c->block.v[i], added) : 0;
		double diff = grown(m, a, cpus, c->block.v[i], added) - of_b;

		if (isfinite(diff))
			v[n++] = diff;
	}
	return n && !stats_summarise(v, n, s);
}

/* Where an interval lies from 0: the only source of a yes or no. */
static const char *verdict(const struct stats_summary *s)
{
	if (!(s->level > 0))
		return "too few blocks to say";
	return s->lo > 0 ? "yes" : s->hi < 0 ? "no" : "not distinguishable";
}

static void cell_verdict(FILE *f, const struct model *m, const char *than, int cpus, bool added)
{
	struct stats_summary s;
	char buf[MD_MEDIAN];

	if (growth_summary(&s, m, NEW, than, cpus, added))
		fprintf(f, " %s: %s |", verdict(&s), md_median(buf, &s));
	else
		fputs(" - |", f);
}

static void growth_row(const struct model *m, FILE *f, int cpus, bool added)
{
	const char *const schemes[] = { NEW, OBJECT, FLOOR };
	size_t i;

	fprintf(f, "| %d to %d CPUs, %s |", md_lowest_cpus(m, REFCOST_GETPUT), cpus,
		added ? "ns added" : "times");
	for (i = 0; i < ARRAY_SIZE(schemes); i++) {
		struct stats_summary s;

		md_cell_median(f, growth_summary(&s, m, schemes[i], NULL, cpus, added) ? &s : NULL);
	}
	cell_verdict(f, m, OBJECT, cpus, added);
	cell_verdict(f, m, FLOOR, cpus, added);
	fputs("\n", f);
}

/* Nothing where a verdict would rest on too few blocks. */
static void scale_sentence(const struct model *m, FILE *f)
{
	const char *const others[] = { OBJECT, FLOOR };
	int low = md_lowest_cpus(m, REFCOST_GETPUT), cpus = model_max_cpus(m, REFCOST_GETPUT);
	struct stats_summary times, added;
	size_t i, n = 0;

	for (i = 0; i < ARRAY_SIZE(others) && cpus > low; i++) {
		if (!growth_summary(&times, m, NEW, others[i], cpus, false) ||
		    !growth_summary(&added, m, NEW, others[i], cpus, true) || !(times.level > 0))
			continue;
		fprintf(f, "%sWorse than `%s` from %d to %d CPUs%s? By times: %s; by ns added: %s.",
			n++ ? " " : "", others[i], low, cpus,
			md_oversubscribed(m) ? " (the most that ran at once)" : "", verdict(&times),
			verdict(&added));
	}
	if (n)
		fputs("\n\n", f);
}

static void scale(const struct model *m, FILE *f)
{
	int low = md_lowest_cpus(m, REFCOST_GETPUT), high = model_max_cpus(m, REFCOST_GETPUT), cpus;

	if (low >= high || !model_cell(m, NEW, REFCOST_GETPUT, low) ||
	    (!model_cell(m, OBJECT, REFCOST_GETPUT, low) &&
	     !model_cell(m, FLOOR, REFCOST_GETPUT, low)))
		return;
	fprintf(f,
		"Do module references scale worse than a kref? Growth of a get and put from %d CPU, median "
		"over the blocks (interval); and the difference of growths, whose interval gives the answer: "
		"above zero yes, below no, with zero inside not distinguishable. *Times* flatters a scheme that "
		"is expensive on one CPU already, *ns added* does not.\n\n"
		"| growth | `%s` | `%s` | `%s` | worse than `%s`? | worse than `%s`? |\n"
		"|---|---:|---:|---:|---|---|\n",
		low, NEW, OBJECT, FLOOR, OBJECT, FLOOR);
	for (cpus = low; (cpus = model_next_cpus(m, REFCOST_GETPUT, cpus)) && cpus <= high;) {
		growth_row(m, f, cpus, false);
		growth_row(m, f, cpus, true);
	}
	fputs("\n", f);
	scale_sentence(m, f);
}

void md_claim(const struct model *m, FILE *f)
{
	int low = md_lowest_cpus(m, REFCOST_GETPUT);

	if (!model_cell(m, OLD, REFCOST_GETPUT, low) || !model_cell(m, NEW, REFCOST_GETPUT, low))
		return;
	fprintf(f,
		"## Is the slowdown in the noise? (the claim of 2014)\n\n"
		"Until 3.18 Linux counted the users of a module on each CPU (`%s`); since 3.19 it has one "
		"atomic count (`%s`). The merge said that nobody takes a module reference for each network "
		"packet, and that the slowdown should be in the noise; no measurement was published.\n\n",
		OLD, NEW);
	cost(m, f);
	exchange(m, f);
	scale(m, f);
}
