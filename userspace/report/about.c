// SPDX-License-Identifier: GPL-2.0
/* RESULTS.md: whether to believe it, where it was measured and how, and how to do it again. */
#include <math.h>
#include <string.h>

#include "base/refcost.h"
#include "report/md.h"

#define PRECISE	   0.05
#define WIDE_NAMED 12

/*
 * Half the width of the median's interval, over the median; NAN where the sample is too small for
 * one.
 */
static double half_width(const struct stats_summary *s)
{
	return (s->hi - s->lo) / 2 / s->median;
}

static bool is_wide(const struct cell *c)
{
	return c->key.cpus == 1 && half_width(&c->ns.s) > PRECISE;
}

/* The few by name; of many it is the machine, and the widest says how bad it is. */
static void say_wide(const struct model *m, size_t wide, FILE *f)
{
	const struct cell *worst = NULL, *c;
	size_t i, n = 0;

	for (i = 0; i < m->nr_cells; i++) {
		c = &m->cells[i];
		if (!is_wide(c))
			continue;
		if (wide <= WIDE_NAMED)
			fprintf(f, "%s `%s` %s %.1f %%", n++ ? "," : "; wider:", c->key.scheme,
				mode_names[c->key.mode], 100 * half_width(&c->ns.s));
		if (!worst || half_width(&c->ns.s) > half_width(&worst->ns.s))
			worst = c;
	}
	if (wide > WIDE_NAMED)
		fprintf(f, "; the widest, of `%s` %s: %.1f %%", worst->key.scheme,
			mode_names[worst->key.mode], 100 * half_width(&worst->ns.s));
}

/* Of the cells on one CPU, where nothing but the machine's own noise widens an interval. */
static void validity_precision(const struct model *m, FILE *f)
{
	size_t cells = 0, wide = 0, i;

	for (i = 0; i < m->nr_cells; i++) {
		const struct cell *c = &m->cells[i];

		cells += c->key.cpus == 1 && !isnan(half_width(&c->ns.s));
		wide += is_wide(c);
	}
	if (!cells)
		return;
	fprintf(f,
		"- precision: half the width of the median's interval is at most %.0f %% of the median in %zu "
		"of %zu one-CPU cells",
		100 * PRECISE, cells - wide, cells);
	say_wide(m, wide, f);
	fputc('\n', f);
}

/* Directories from before there was a choice have all their long batches taken out. */
static void validity_gaps(const struct model *m, FILE *f)
{
	bool known = !strcmp(model_text(m, "run.plan.gaps"), "known");

	fputs(known ? "- gaps: what is taken out of ns is time for which the kernel says that a worker did not run\n"
		    : "- gaps: of batches that took 1 ms and eight times the shortest, all above the shortest is taken "
		      "out of ns: an emulated machine is not told when it does not run. What a scheme does that takes "
		      "long and is rare is lost with that\n",
	      f);
}

/*
 * What slowed the machine for a while, and what a scheme does rarely, is in the mean and not in the
 * figure.
 */
static void validity_batches(const struct model *m, FILE *f)
{
	double percentile = md_number(m, "run.plan.percentile"), most = 0;
	const struct cell *worst = NULL;
	struct series above = { 0 };
	size_t i;

	for (i = 0; i < m->nr_cells; i++) {
		const struct cell *c = &m->cells[i];
		double more = 100 * (c->mean.s.median / c->ns.s.median - 1);

		if (c->key.cpus > 1)
			continue;
		series_add(&above, more);
		if (more <= most)
			continue;
		most = more;
		worst = c;
	}
	if (percentile > 0 && above.n && !series_summarise(&above)) {
		fprintf(f,
			"- batches: the figure of a window on one CPU is the %.0fth percentile of what its batches took; "
			"their mean, gaps taken out, is %.1f %% above that in half of the cells",
			percentile, above.s.median);
		if (worst)
			fprintf(f, ", %.0f %% in `%s`%s", most, worst->key.scheme,
				worst->key.mode != REFCOST_LOOKUP ? "" : " lookup");
		fputs(". What slows a machine for a while is in the mean alone, and so is what a scheme does rarely and at "
		      "length. The figure of several CPUs is the mean",
		      f);
		if (model_joined(m) > 1)
			fprintf(f,
				". A sample on one CPU is the least of %d windows, far apart in the run",
				model_joined(m));
		fputs("\n", f);
	}
	free(above.v);
}

/* Where a machine has fast and efficient cores. */
static void validity_kinds(const struct model *m, FILE *f)
{
	size_t mixed = 0, i;

	for (i = 0; i < model_all_cells(m); i++)
		mixed += m->cells[i].kinds > 1;
	if (mixed)
		fprintf(f,
			"- **hybrid CPUs**: kinds %s; %zu cells, marked *mixed*, had workers on several of them: their "
			"growth from fewer CPUs is that of the kind, too (--cpu-list keeps to one)\n",
			model_text(m, "environment.cpu.kinds"), mixed);
}

static void validity_run(const struct model *m, FILE *f)
{
	size_t flagged = 0, samples = 0, drifting = 0, i;
	double fair = INFINITY;

	for (i = 0; i < model_all_cells(m); i++) {
		const struct cell *c = &m->cells[i];

		flagged += c->flagged;
		samples += c->ns.n;
		drifting += !c->steady;
		if (c->fair.n && c->fair.s.median < fair)
			fair = c->fair.s.median;
	}
	fprintf(f,
		"- fast path: %zu samples in %zu cells; windows that overlapped less than 0.9: %zu%s; cells "
		"that drifted, so that their intervals are not exact: %zu; least median fairness (slowest over fastest worker): %.2f\n",
		samples, model_all_cells(m), flagged, flagged ? " **(unreliable)**" : "", drifting,
		fair);
	validity_precision(m, f);
	validity_gaps(m, f);
	validity_batches(m, f);
	fprintf(f, "- %.0f %% of the %.0f s of measuring lay inside windows or warm-up\n",
		100 * md_number(m, "run.inside_windows_ns") / md_number(m, "run.measuring_ns"),
		md_number(m, "run.measuring_ns") / 1e9);
	fputs("- references conserved after every run: a run that leaves one over fails and is not listed\n",
	      f);
	validity_kinds(m, f);
	if (md_oversubscribed(m))
		fprintf(f,
			"- **oversubscribed**: points beyond %s CPUs had fewer host CPUs than workers\n",
			model_text(m, "environment.machine.host_cpus"));
}

static void validity_unload(const struct model *m, FILE *f)
{
	double violations = 0, cycles = 0, gone = 0;
	size_t i;

	for (i = 0; i < m->nr_arms; i++) {
		violations += m->arms[i].violations;
		cycles += m->arms[i].cycles;
		gone += m->arms[i].gone;
	}
	fprintf(f,
		"- unloads: %.0f of %.0f succeeded within %s attempts; uses of text given up: %.0f\n",
		gone, cycles, model_text(m, "unload.plan.attempts"), violations);
	if (model_get(m, "unload.trace.records"))
		fprintf(f,
			"- tracer: %s unloads, %s records, %s whose phases do not add up; entries %s, exits "
			"%s; dropped %s, lost %s, missed %s\n",
			model_text(m, "unload.trace.unloads"),
			model_text(m, "unload.trace.records"),
			model_text(m, "unload.trace.sums_wrong"),
			model_text(m, "unload.trace.entries"), model_text(m, "unload.trace.exits"),
			model_text(m, "unload.trace.dropped"), model_text(m, "unload.trace.lost"),
			model_text(m, "unload.trace.missed"));
	else
		fputs("- tracer: not available in this run\n", f);
}

static void validity(const struct model *m, FILE *f)
{
	fputs("## Validity\n\n", f);
	if (m->nr_cells)
		validity_run(m, f);
	if (m->nr_arms)
		validity_unload(m, f);
	fprintf(f, "- machine: %s\n", model_text(m, "environment.machine.kind"));
	if (model_get(m, "run.clock"))
		fprintf(f, "- the clock: %.1f ns a reading, steps of %s ns\n",
			md_number(m, "run.clock.read_ns"), model_text(m, "run.clock.step_ns"));
	fputs("\n", f);
}

static void environment(const struct model *m, FILE *f)
{
	static const struct {
		const char *what;
		const char *path;
	} rows[] = {
		{ "refcost", "environment.refcost" },
		{ "built with", "environment.built_with" },
		{ "date", "date" },
		{ "machine", "environment.machine.kind" },
		{ "accelerator", "environment.machine.accel" },
		{ "host CPUs", "environment.machine.host_cpus" },
		{ "CPU", "environment.cpu.model" },
		{ "CPUs online", "environment.cpu.online" },
		{ "topology", "environment.cpu.topology" },
		{ "clocksource", "environment.cpu.clocksource" },
		{ "governor", "environment.cpu.governor" },
		{ "kernel", "environment.kernel.release" },
		{ "compiler of the kernel", "environment.kernel.compiler" },
		{ "HZ", "environment.kernel.config.CONFIG_HZ" },
		{ "preemption", "environment.kernel.preempt" },
		{ "debug options that distort", "environment.kernel.debug_options" },
		{ "rcu_expedited", "environment.kernel.rcu_expedited" },
		{ "rcu_normal", "environment.kernel.rcu_normal" },
		{ "BPF JIT", "environment.kernel.bpf_jit" },
		{ "load average", "environment.machine.loadavg" },
		{ "schemes", "run.plan.schemes" },
		{ "blocks", "run.plan.blocks" },
		{ "window (ns)", "run.plan.window_ns" },
		{ "warm-up (ns)", "run.plan.warmup_ns" },
		{ "seed", "run.plan.seed" },
	};
	size_t i;

	fputs("## Environment\n\n| | |\n|---|---|\n", f);
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		if (strncmp(rows[i].path, "run.", 4) || model_get(m, "run"))
			fprintf(f, "| %s | %s |\n", rows[i].what, model_text(m, rows[i].path));
	fputs("\nThe whole of it, mitigations included, is in run.json of the results directory.\n\n",
	      f);
}

static void method(const struct model *m, FILE *f)
{
	fputs("## Method\n\n", f);
	if (model_get(m, "run.plan.blocks"))
		fprintf(f,
			"Bound kthreads meet at a barrier that its last arriver opens, run through a warm-up, and "
			"count only inside a common window; all keep the load on until the last is out. Each of "
			"%s blocks measures every scheme with every number of CPUs once, in an order drawn from "
			"the seed, with the modules loaded afresh. ns = time inside the window, gaps taken out, x "
			"CPUs / operations%s. ",
			model_text(m, "run.plan.blocks"),
			model_get(m, "run.plan.percentile")
				? "; on one CPU a low percentile of the window's batches"
				: "");
	fputs("Medians come with their interval from order statistics (at least 95 %; n=10: ranks 2 and 9), "
	      "which is exact for samples that do not depend on each other. Those of a run that drifts do: "
	      "such intervals are marked *drift*, and no coverage is claimed for them. With fewer than 10 "
	      "blocks this is a quick look, and 30 are wanted for numbers to quote. Time to success is from the first attempt "
	      "until delete_module(2) has returned 0, gate and retries included, and what the command does for itself "
	      "between two attempts left out. docs/method.md tells more.\n\n",
	      f);
}

static void limits(const struct model *m, FILE *f)
{
	fputs("## Limits\n\n"
	      "- A scheme's gate runs just before the system call, not inside it: rmmod = gate + "
	      "delete_module(2), timed apart and together.\n"
	      "- stop_machine() reaches a CPU when its worker next lets the scheduler in, between lookups. "
	      "Without full preemption it therefore never meets a user in the middle of a get, and a per-CPU "
	      "unload that finds users needs users that sleep while they hold.\n"
	      "- The unloading task is bound to a CPU of its own where the machine has one more than there are load "
	      "workers.\n",
	      f);
	if (model_get(m, "run.plan.percentile"))
		fputs("- Rows of one CPU hold nothing of what slows the machine for some milliseconds; those of several do. "
		      "Where that happens often, growth from one CPU is overstated.\n",
		      f);
	if (md_emulated(m))
		fputs("- Emulation: see the first lines. A CPU of the guest is a thread of the host and may lose its "
		      "time slice anywhere, also while it holds a lock; the tails above are the host's as much as "
		      "the kernel's. Where the host is itself a virtual machine, its CPUs may be threads of one "
		      "core at one moment and cores of their own at the next: contended rows then have two "
		      "levels, and an interval that spans both. Code that runs seldom is more expensive than code that runs "
		      "in a row: what watching adds to the time of an unload is more than the instructions of the "
		      "call grow by. Of schemes that call functions, lookups for one, one may take half as long again as "
		      "another by where its calls happen to lie: compare their instructions.\n",
		      f);
	fputs("\n", f);
}

/* The commands of the parts, as each was given. */
static size_t part_commands(const struct model *m, FILE *f)
{
	static const char *const paths[] = { "run.command", "unload.command", "loading.command",
					     "objects.command", "instructions.command" };
	size_t i, n = 0;

	for (i = 0; i < ARRAY_SIZE(paths); i++)
		if (model_get(m, paths[i]))
			n += fprintf(f, "%s\n", model_text(m, paths[i])) > 0;
	return n;
}

/* What was recorded, to the letter; an older refcost recorded nothing. */
void md_reproduce(const struct model *m, FILE *f)
{
	fprintf(f,
		"## How to reproduce\n\n```\ngit clone ... refcost && cd refcost && git checkout %s\n",
		model_text(m, "environment.refcost"));
	if (model_get(m, "bench"))
		fprintf(f, "%s\n", model_text(m, "bench"));
	else if (!part_commands(m, f))
		fprintf(f,
			"./bench.sh%s # and the options that it was given, which were not recorded\n",
			md_number(m, "run.plan.blocks") < 30 ? " --quick" : "");
	fputs("```\n", f);
}

void md_about(const struct model *m, FILE *f)
{
	validity(m, f);
	environment(m, f);
	method(m, f);
	limits(m, f);
}
