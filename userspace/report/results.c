// SPDX-License-Identifier: GPL-2.0
/* RESULTS.md: what was found, in at most 150 lines. Tables of all schemes are in RESULTS-tables.md. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/refcost.h"
#include "report/finding.h"
#include "report/md.h"
#include "report/report.h"

#define TABLES	"RESULTS-tables.md"
#define PRECISE 0.05
#define NOISE	0.01 /* share of one CPU's time */
#define WRAP	80

static void say_of(FILE *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A paragraph or an item of a list, wrapped at 80 columns; items go on under their text. */
static void say_of(FILE *f, const char *format, ...)
{
	char text[1024], *rest = text, *word;
	const char *indent;
	size_t at = 0;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	indent = strncmp(text, "- ", 2) ? "" : "  ";
	while ((word = strsep(&rest, " "))) {
		if (at && at + 1 + strlen(word) > WRAP) {
			at = fprintf(f, "\n%s%s", indent, word) - 1;
			continue;
		}
		at += fprintf(f, "%s%s", at ? " " : "", word);
	}
	fputs("\n", f);
}

/* What may be quoted, what holds within this run, and what this machine cannot say. */
static void traffic_light(const struct model *m, FILE *f)
{
	int cpus = model_max_cpus(m, REFCOST_GETPUT);

	if (md_emulated(m))
		fprintf(f,
			"- **Quote**: counts (instructions, grace periods, attempts, starved unloads).\n"
			"- **Within this run**: ratios of times, up to %d CPUs.\n"
			"- **Not from this machine**, which is emulated: times in ns or ms, more CPUs.\n\n",
			cpus);
	else if (!strcmp(model_text(m, "environment.machine.kind"), "virtual"))
		fprintf(f,
			"- **Quote**: counts, and ratios of times up to %d CPUs.\n"
			"- **Within this run**: times; a virtual CPU may be taken away at any moment.\n"
			"- **Not from this machine**: more CPUs than %d.\n\n",
			cpus, cpus);
	else
		fprintf(f,
			"- **Quote**: counts, ratios and times, with the machine.\n"
			"- **Within this run**: what is marked *drift* or not distinguishable.\n"
			"- **Not from this machine**: more CPUs than %d.\n\n",
			cpus);
}

static void heading(const struct model *m, FILE *f)
{
	static const char *const parts[] = { "run", "unload", "loading", "objects" };
	char label[512], path[32];
	size_t i;

	fprintf(f,
		"<!-- Written by refcost report; ./bench.sh --update writes it again. -->\n"
		"# What references cost\n\n%s.\n\n",
		report_label(m, label, sizeof(label)));
	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		snprintf(path, sizeof(path), "%s.status", parts[i]);
		if (model_get(m, path) && strcmp(model_text(m, path), "complete"))
			fprintf(f, "**Not finished: %s is %s.**\n\n", parts[i],
				model_text(m, path));
	}
	traffic_light(m, f);
}

static void findings(const struct model *m, FILE *f)
{
	struct finding one;
	size_t i, n = 0;
	int has;

	fputs("## Findings\n\n", f);
	for (i = 0; (has = finding_get(m, i, &one)) >= 0; i++)
		if (has) {
			say_of(f, "- [%s] %s", one.tag, one.text);
			n++;
		}
	fputs(n ? "\n" : "None: this run holds no two things to compare.\n\n", f);
}

static void cell_instructions(const struct model *m, FILE *f, const struct scheme *s)
{
	md_cell_count(f, model_instructions(m, s->name, REFCOST_GETPUT) - md_loop_instructions(m));
}

/* A ratio above 1, and which way it goes. */
static void cell_times(FILE *f, const struct stats_summary *ratio)
{
	struct stats_summary turned = finding_turned(ratio);
	char text[MD_MEDIAN];

	if (finding_verdict(ratio) == VERDICT_SAME)
		fputs(" not distinguishable |", f);
	else if (ratio->median < 1)
		fprintf(f, " %s cheaper |", md_median(text, &turned));
	else
		fprintf(f, " %s |", md_median(text, ratio));
}

static void cell_ratio(const struct model *m, FILE *f, const struct scheme *s)
{
	const struct scheme *object = model_role(m, "object");
	int low = md_lowest_cpus(m, REFCOST_GETPUT);
	struct stats_summary ratio;

	if (object && s != object &&
	    md_ratio(&ratio, model_cell(m, s->name, REFCOST_GETPUT, low),
		     model_cell(m, object->name, REFCOST_GETPUT, low)))
		cell_times(f, &ratio);
	else
		fputs(s == object ? " 1 |" : " - |", f);
}

static void cell_growth(const struct model *m, FILE *f, const struct scheme *s)
{
	struct stats_summary growth;

	md_cell_median(f, finding_growth(m, s->name, &growth) ? &growth : NULL);
}

static void cell_waits(const struct model *m, FILE *f, const struct scheme *s)
{
	double graces = finding_waits(m, s->name, "grace period");
	double stops = finding_waits(m, s->name, "stop_machine");

	if (isnan(graces))
		fputs(" - |", f);
	else
		fprintf(f, " %g + %g%s |", graces, stops,
			finding_gate_traced(m, s->name) ? "" : ", gate not recorded");
}

static void cell_busy(const struct model *m, FILE *f, const struct scheme *s)
{
	(void)m;
	fprintf(f, " %s |", *s->busy ? s->busy : "-");
}

/* What became of the unloads while users stayed for as long as any did. */
static void cell_fate(const struct model *m, FILE *f, const struct scheme *s)
{
	const struct arm *a;
	double hold = -1, last = NAN;

	while (!isnan(hold = model_next_hold(m, ARM_LOADED, hold)))
		last = hold;
	a = model_arm_at(m, s->name, ARM_LOADED, last);
	if (!a)
		fputs(" - |", f);
	else if (a->gone < a->cycles)
		fprintf(f, " starved %zu of %zu |", a->cycles - a->gone, a->cycles);
	else
		fprintf(f, " gone, %.0f attempt%s |", a->attempts.s.median,
			a->attempts.s.median > 1 ? "s" : "");
}

static const struct column {
	const char *title;
	void (*cell)(const struct model *m, FILE *f, const struct scheme *s);
} columns[] = {
	{ "instructions, net", cell_instructions },
	{ "times the object's count, 1 CPU", cell_ratio },
	{ "growth", cell_growth },
	{ "grace periods + machine stops", cell_waits },
	{ "an unload that finds users", cell_busy },
	{ "at the longest hold", cell_fate },
};

static void core_table(const struct model *m, FILE *f, const char *figures)
{
	size_t i, k;

	if (!m->nr_schemes || !model_role(m, "core"))
		return;
	fprintf(f, "## Some schemes\n\n");
	md_figure(m, f, figures, "cost",
		  "A get and put less the loop, on each CPU, all schemes, cheapest first.");
	fputs("| scheme |", f);
	for (k = 0; k < ARRAY_SIZE(columns); k++)
		fprintf(f, " %s |", columns[k].title);
	fputs("\n|---|", f);
	for (k = 0; k < ARRAY_SIZE(columns); k++)
		fputs("---|", f);
	fputs("\n", f);
	for (i = 0; i < m->nr_schemes; i++) {
		if (!model_has_role(&m->schemes[i], "core"))
			continue;
		fprintf(f, "| `%s` |", m->schemes[i].name);
		for (k = 0; k < ARRAY_SIZE(columns); k++)
			columns[k].cell(m, f, &m->schemes[i]);
		fputs("\n", f);
	}
	fputs("\n", f);
	say_of(f,
	       "Growth: time on %d CPUs over time on %d, with its interval. Waits: of an idle unload, in "
	       "delete_module(2) and, where recorded, in the gate before it. "
	       "[All schemes](" TABLES ").",
	       model_max_cpus(m, REFCOST_GETPUT), md_lowest_cpus(m, REFCOST_GETPUT));
	fputs("\n", f);
	md_figure(m, f, figures, "tradeoff",
		  "Each dot is a scheme. Grey dots are not in the table.");
}

/* Is there a slowdown, and up to how many references a second is it below NOISE of a CPU? */
static void claim_verdict(FILE *f, const struct cell *old, const struct cell *new, bool emulated)
{
	double added = new->ns.s.median - old->ns.s.median;
	struct stats_summary ratio;
	char times[MD_MEDIAN];

	if (!md_ratio(&ratio, new, old) || finding_verdict(&ratio) == VERDICT_FEW) {
		fputs("**Verdict: too few blocks to say.**\n\n", f);
		return;
	}
	if (finding_verdict(&ratio) != VERDICT_MORE) {
		fprintf(f, "**Verdict: %s, so the claim holds here.**\n\n",
			finding_verdict(&ratio) == VERDICT_LESS
				? "the atomic count is the cheaper one"
				: "a slowdown is not distinguishable from none");
		return;
	}
	say_of(f,
	       "**Verdict: there is a slowdown, %s times on %d CPU%s; it stays below 1 %% of a CPU up to "
	       "%.0f thousand references a second%s.**",
	       md_median(times, &ratio), new->key.cpus, new->key.cpus > 1 ? "s" : "",
	       NOISE * 1e6 / added, emulated ? ", in the time of an emulator" : "");
	fputs("\n", f);
}

static void claim(const struct model *m, FILE *f)
{
	const struct scheme *old = model_role(m, "replaced"), *new = model_role(m, "replacing");
	int cpus, last = model_max_cpus(m, REFCOST_GETPUT);
	const struct cell *a = NULL, *b = NULL;
	struct stats_summary ratio;

	if (!old || !new || !model_cell(m, old->name, REFCOST_GETPUT, last) ||
	    !model_cell(m, new->name, REFCOST_GETPUT, last))
		return;
	fputs("## The claim of 2014\n\n", f);
	say_of(f,
	       "Linux 3.19 replaced per-CPU module counts (`%s`) by one atomic count (`%s`): commits "
	       "2f35c41f58a9 and e513cc1c07e2, merged by d790be3863b2. The merge says that nobody takes a "
	       "module reference for each network packet, and that the slowdown should be in the noise. No "
	       "measurement was published.",
	       old->name, new->name);
	fprintf(f, "\n| CPUs | `%s`, ns | `%s`, ns | times |\n|---:|---:|---:|---:|\n", old->name,
		new->name);
	for (cpus = 0; (cpus = model_next_cpus(m, REFCOST_GETPUT, cpus)) && cpus <= last;) {
		a = model_cell(m, new->name, REFCOST_GETPUT, cpus);
		b = model_cell(m, old->name, REFCOST_GETPUT, cpus);
		if (!a || !b)
			continue;
		fprintf(f, "| %d |", cpus);
		md_cell_ns(f, b);
		md_cell_ns(f, a);
		md_cell_median(f, md_ratio(&ratio, a, b) ? &ratio : NULL);
		fputs("\n", f);
	}
	fputs("\n", f);
	a = model_cell(m, new->name, REFCOST_GETPUT, last);
	b = model_cell(m, old->name, REFCOST_GETPUT, last);
	claim_verdict(f, b, a, md_emulated(m));
}

static void hold(const struct model *m, FILE *f, const char *figures)
{
	if (!report_has_figure(m, "hold")) {
		fputs("From which hold on the choice does not matter: not measured here.\n\n", f);
		return;
	}
	fputs("## From which hold on the choice does not matter\n\n", f);
	md_hold_sentences(m, f);
	fputs("\n", f);
	md_figure(m, f, figures, "hold", NULL);
}

static void traced_row(FILE *f, const char *what, const struct stats_summary *ms)
{
	char text[MD_MEDIAN];

	fprintf(f, "| %s | %s |\n", what, md_median(text, ms));
}

static void unload_time(const struct model *m, FILE *f, const char *figures)
{
	const struct tracer_model *t = &m->tracer;
	char what[160];
	size_t i;

	if (!t->nr_traced) {
		fputs("Where an unload's time goes: not measured here.\n\n", f);
		return;
	}
	fputs("## Where an unload's time goes, and what to do\n\n", f);
	md_figure(m, f, figures, "waterfall", NULL);
	fputs("| unload | ms |\n|---|---:|\n", f);
	for (i = 0; i < t->nr_traced; i++) {
		const struct traced *g = &t->traced[i];

		if (!strcmp(g->experiment, "grace"))
			snprintf(what, sizeof(what), "`%s`, `rcu_expedited=%d`", g->module,
				 g->level);
		else if (!strcmp(g->experiment, "parallel"))
			snprintf(what, sizeof(what), "the slowest of %d at once", g->level);
		else
			snprintf(what, sizeof(what), "`%s`", g->module);
		traced_row(f, what,
			   strcmp(g->experiment, "parallel") ? &g->total_ms.s : &g->last_ms.s);
	}
	fputs("\n", f);
	if (finding_expedited(m, what, sizeof(what)))
		say_of(f, "- Grace periods: `rcu_expedited=1` for that moment %s.", what);
	fputs("- Waits for module_mutex: unload one module after the other.\n"
	      "- exit(): the driver's own work; `refcost trace --stacks` says what for.\n\n",
	      f);
	if (finding_title(m, "modules", what, sizeof(what)))
		say_of(f, "Of the distribution's modules %s.\n", what);
	md_figure(m, f, figures, "parallel", NULL);
}

static void starving(const struct model *m, FILE *f, const char *figures)
{
	char title[256];

	if (!finding_title(m, "starvation", title, sizeof(title))) {
		fputs("Who starves: not measured here.\n\n", f);
		return;
	}
	fputs("## Who starves\n\n", f);
	say_of(f,
	       "%s. Schemes that wait for their users go when these are done; schemes that fail when "
	       "busy need a moment without users.",
	       title);
	fputs("\n", f);
	md_figure(m, f, figures, "starvation", NULL);
}

static void check(FILE *f, const char *what, bool pass, const char *format, double a, double b)
{
	fprintf(f, "| %s | %s | ", what, pass ? "pass" : "**warn**");
	fprintf(f, format, a, b);
	fputs(" |\n", f);
}

/* Sums over all cells that the checks are about. */
struct trust {
	double samples, flagged, cells, drifting, narrow, one_cpu;
};

static struct trust trust_of(const struct model *m)
{
	struct trust t = { 0 };
	size_t i;

	for (i = 0; i < model_all_cells(m); i++) {
		const struct cell *c = &m->cells[i];
		double half = (c->ns.s.hi - c->ns.s.lo) / 2 / c->ns.s.median;

		t.cells++;
		t.samples += c->windows;
		t.flagged += c->flagged;
		t.drifting += !c->steady;
		t.one_cpu += c->key.cpus == 1 && !isnan(half);
		t.narrow += c->key.cpus == 1 && half <= PRECISE;
	}
	return t;
}

static void trust_unloads(const struct model *m, FILE *f)
{
	static const char *const accounts[] = { "sums_wrong", "dropped", "lost", "missed" };
	double wrong = 0, violations = 0, cycles = 0;
	char path[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(accounts); i++) {
		snprintf(path, sizeof(path), "unload.trace.%s", accounts[i]);
		wrong += fmax(md_number(m, path), 0);
	}
	for (i = 0; i < m->nr_arms; i++) {
		violations += m->arms[i].violations;
		cycles += m->arms[i].cycles;
	}
	check(f, "no call into text that was given up", !violations, "%.0f in %.0f unloads",
	      violations, cycles);
	if (model_get(m, "unload.trace.records"))
		check(f, "the tracer's account is whole", !wrong, "%.0f faults in %.0f records",
		      wrong, md_number(m, "unload.trace.records"));
}

static void trust(const struct model *m, FILE *f)
{
	struct trust t = trust_of(m);
	double online = md_number(m, "environment.cpu.online");

	fputs("## Trust\n\n| check | | |\n|---|---|---|\n", f);
	if (t.cells) {
		check(f, "workers ran at the same time", !t.flagged,
		      "%.0f of %.0f windows overlapped too little", t.flagged, t.samples);
		check(f, "no drift over the run", !t.drifting, "%.0f of %.0f cells drifted",
		      t.drifting, t.cells);
		check(f, "intervals on one CPU within 5 %", t.narrow == t.one_cpu,
		      "%.0f of %.0f cells", t.narrow, t.one_cpu);
	}
	if (m->nr_arms)
		trust_unloads(m, f);
	check(f, "as many CPUs as really run at once", !model_crowded(m),
	      "%.0f CPUs in the machine measured, %.0f compared", online,
	      model_max_cpus(m, REFCOST_GETPUT));
	fputs("\n", f);
}

/* A line of the block to quote, cut at 72 columns. */
static void quoted(FILE *f, const char *what, const char *text)
{
	fprintf(f, "%-9s %.62s\n", what, text);
}

static void quoted_ratio(const struct model *m, FILE *f, const char *what, int cpus)
{
	const struct scheme *old = model_role(m, "replaced"), *new = model_role(m, "replacing");
	char line[256], text[MD_MEDIAN];
	struct stats_summary ratio;

	if (!old || !new ||
	    !md_ratio(&ratio, model_cell(m, new->name, REFCOST_GETPUT, cpus),
		      model_cell(m, old->name, REFCOST_GETPUT, cpus)))
		return;
	snprintf(line, sizeof(line), "%s / %s on %d CPU%s: %s", new->name, old->name, cpus,
		 cpus > 1 ? "s" : "", md_median(text, &ratio));
	quoted(f, what, line);
}

static void quote(const struct model *m, FILE *f)
{
	const struct scheme *old = model_role(m, "replaced"), *new = model_role(m, "replacing");
	const char *built = model_text(m, "environment.built_with");
	char line[256];

	fputs("## To quote\n\n```\n", f);
	quoted(f, "refcost", model_text(m, "environment.refcost"));
	quoted(f, "kernel", model_text(m, "environment.kernel.release"));
	quoted(f, "CPU", model_text(m, "environment.cpu.model"));
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(built, ";"), built);
	quoted(f, "compiler", line);
	if (old && new && !isnan(model_instructions(m, new->name, REFCOST_GETPUT))) {
		double loop = md_loop_instructions(m);

		snprintf(line, sizeof(line), "%s %g, %s %g instructions, net", new->name,
			 model_instructions(m, new->name, REFCOST_GETPUT) - loop, old->name,
			 model_instructions(m, old->name, REFCOST_GETPUT) - loop);
		quoted(f, "exact", line);
	}
	quoted_ratio(m, f, "ratio", md_lowest_cpus(m, REFCOST_GETPUT));
	if (model_max_cpus(m, REFCOST_GETPUT) > md_lowest_cpus(m, REFCOST_GETPUT))
		quoted_ratio(m, f, "ratio", model_max_cpus(m, REFCOST_GETPUT));
	if (model_get(m, "bench"))
		quoted(f, "command", model_text(m, "bench"));
	fputs("```\n\n", f);
}

void report_markdown(const struct model *m, FILE *f, const char *figures)
{
	heading(m, f);
	findings(m, f);
	core_table(m, f, figures);
	claim(m, f);
	hold(m, f, figures);
	unload_time(m, f, figures);
	starving(m, f, figures);
	trust(m, f);
	quote(m, f);
	md_reproduce(m, f);
}
