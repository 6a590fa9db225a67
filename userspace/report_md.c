// SPDX-License-Identifier: GPL-2.0
/*
 * RESULTS.md. Every number comes from the model; every sentence that claims something is written only
 * where the numbers carry it.
 */
#include <math.h>
#include <string.h>

#include "csv.h"
#include "refcost.h"
#include "report.h"

static const char *num(double v, char *buf, size_t len)
{
	if (isnan(v))
		snprintf(buf, len, "-");
	else
		snprintf(buf, len, "%.*f", fabs(v) < 10 ? 2 : fabs(v) < 100 ? 1 : 0, v);
	return buf;
}

/* A number in a table cell. */
static void cell_num(FILE *f, double v)
{
	char buf[32];

	fprintf(f, " %s |", num(v, buf, sizeof(buf)));
}

/* A median with its interval in a table cell. */
static void cell_median(FILE *f, const struct stats_summary *s)
{
	char median[32], lo[32], hi[32];

	fprintf(f, " %s", num(s->median, median, sizeof(median)));
	if (s->n && s->level > 0)
		fprintf(f, " (%s..%s)", num(s->lo, lo, sizeof(lo)), num(s->hi, hi, sizeof(hi)));
	fputs(" |", f);
}

static bool emulated(const struct model *m)
{
	return !strcmp(model_text(m, "environment.machine.kind"), "emulated");
}

static int lowest_cpus(const struct model *m, const char *mode)
{
	int min = 0;
	size_t i;

	for (i = 0; i < m->nr_cells; i++)
		if (!strcmp(m->cells[i].mode, mode) && (!min || m->cells[i].cpus < min))
			min = m->cells[i].cpus;
	return min;
}

static double growth(const struct model *m, const char *scheme, const char *mode)
{
	const struct cell *low = model_cell(m, scheme, mode, lowest_cpus(m, mode));
	const struct cell *high = model_cell(m, scheme, mode, model_max_cpus(m, mode));

	return low && high && low != high ? high->ns.s.median / low->ns.s.median : NAN;
}

static void cell_growth(FILE *f, double ratio)
{
	if (isnan(ratio))
		fputs(" - |", f);
	else
		fprintf(f, " %.1fx |", ratio);
}

static void heading(const struct model *m, FILE *f)
{
	const char *kind = model_text(m, "environment.machine.kind");
	char label[512];

	fprintf(f,
		"<!-- Written by refcost report. Run ./bench.sh to make it anew; do not edit. -->\n"
		"# What references cost\n\n");
	fprintf(f, "**%s.**\n\n", report_label(m, label, sizeof(label)));
	if (emulated(m))
		fputs("**This is an emulated machine, so no nanosecond below is a nanosecond of hardware.** "
		      "What holds: ratios within this run, the shape of a curve up to the number of host CPUs, "
		      "the order of the schemes, counts (attempts, failed gets, grace periods), and instruction "
		      "counts. What does not: absolute times, the cost of a cache miss against that of an "
		      "instruction, anything beyond the host's CPUs (marked *oversubscribed*).\n\n",
		      f);
	else if (!strcmp(kind, "virtual"))
		fputs("**This is a virtual machine:** its CPUs may be taken away at any moment. Ratios and the "
		      "shape of curves hold; read absolute times with the steal time below in mind.\n\n",
		      f);
	if (strcmp(model_text(m, "run.status"), "complete"))
		fprintf(f, "**Fast-path measurements: %s.**\n\n", model_text(m, "run.status"));
	if (strcmp(model_text(m, "unload.status"), "complete"))
		fprintf(f, "**Unload measurements: %s.**\n\n", model_text(m, "unload.status"));
}

static bool oversubscribed(const struct model *m)
{
	size_t i;

	for (i = 0; i < m->nr_cells; i++)
		if (m->cells[i].oversubscribed)
			return true;
	return false;
}

/* Median over the cells with so many CPUs. */
static double lost_at(const struct model *m, int cpus)
{
	struct stats_summary s;
	double v[m->nr_cells];
	size_t i, n = 0;

	for (i = 0; i < m->nr_cells; i++)
		if (m->cells[i].cpus == cpus)
			v[n++] = m->cells[i].lost.s.median;
	return stats_summarise(v, n, &s) ? NAN : s.median;
}

static void headline(const struct model *m, FILE *f)
{
	int low = lowest_cpus(m, "getput"), high = model_max_cpus(m, "getput");
	const struct cell *empty = model_cell(m, "empty", "getput", low);
	size_t i;

	if (!m->nr_cells)
		return;
	fprintf(f,
		"## Headline\n\n"
		"A get and its put, in ns of a running CPU, with %d and %d CPUs on one shared object; and how long "
		"the module takes to go (first attempt to gone, ms).\n\n"
		"| scheme | %d CPU: least | median | net of `empty` | %d CPUs: median (interval) | growth "
		"| unload idle: p50 (interval) | unload loaded: p50 (interval) | attempts, loaded: p50, max |\n"
		"|---|---:|---:|---:|---:|---:|---:|---:|---:|\n",
		low, high, low, high);
	for (i = 0; i < m->nr_cells; i++) {
		const struct cell *c = &m->cells[i], *n;
		const struct arm *idle = model_arm(m, c->scheme, "idle");
		const struct arm *loaded = model_arm(m, c->scheme, "loaded");
		double net = NAN;

		if (strcmp(c->mode, "getput") || c->cpus != low)
			continue;
		n = model_cell(m, c->scheme, "getput", high);
		fprintf(f, "| %s`%s` |", c->floor ? "floor " : "", c->scheme);
		cell_num(f, c->ns.s.min);
		cell_num(f, c->ns.s.median);
		if (!empty || c == empty)
			fputs(" - |", f);
		else if (stats_net(&c->ns.s, &empty->ns.s, &net))
			cell_num(f, net);
		else
			fputs(" < resolution |", f);
		if (n)
			cell_median(f, &n->ns.s);
		else
			fputs(" - |", f);
		cell_growth(f, growth(m, c->scheme, "getput"));
		if (idle && idle->gone)
			cell_median(f, &idle->success_ms.s);
		else
			fputs(" - |", f);
		if (loaded && loaded->gone)
			cell_median(f, &loaded->success_ms.s);
		else
			fputs(" - |", f);
		if (loaded)
			fprintf(f, " %.0f, %.0f |\n", loaded->attempts.s.median,
				loaded->attempts.s.max);
		else
			fputs(" - |\n", f);
	}
	fputs("\n", f);
	if (oversubscribed(m))
		fprintf(f,
			"%d workers shared %s host CPUs, so each waited for one part of the time. Those gaps (median "
			"%.0f %% of the window) are taken out of the ns above, not out of the throughput; at most %s "
			"workers contend at any moment.\n\n",
			high, model_text(m, "environment.machine.host_cpus"),
			100 * lost_at(m, high), model_text(m, "environment.machine.host_cpus"));
}

/* Sentences on the question the suite was made for, as far as this run answers it. */
static void answer(const struct model *m, FILE *f)
{
	int low = lowest_cpus(m, "getput"), high = model_max_cpus(m, "getput");
	const struct cell *a1 = model_cell(m, "try_module_get", "getput", low);
	const struct cell *aN = model_cell(m, "try_module_get", "getput", high);
	const struct cell *p1 = model_cell(m, "percpu_live", "getput", low);
	const struct cell *pN = model_cell(m, "percpu_live", "getput", high);
	const struct arm *al = model_arm(m, "try_module_get", "loaded");
	const struct arm *pl = model_arm(m, "percpu_live", "loaded");

	if (!a1 || !aN || !p1 || !pN || low == high)
		return;
	fprintf(f,
		"Linux 3.19 replaced per-CPU module counts (`percpu_live`) by one atomic count "
		"(`try_module_get`). Here, a get and put of the per-CPU scheme costs %.2f times that of the "
		"atomic one on %d CPU and %.2f times on %d CPUs; from %d to %d CPUs the former grows %.1f "
		"times and the latter %.1f times.",
		p1->ns.s.median / a1->ns.s.median, low, pN->ns.s.median / aN->ns.s.median, high,
		low, high, pN->ns.s.median / p1->ns.s.median, aN->ns.s.median / a1->ns.s.median);
	if (al && pl && al->gone && pl->gone)
		fprintf(f,
			" An unload under load takes %.1f ms and %.0f attempts (medians) with the atomic "
			"count, %.1f ms and %.0f attempts with the per-CPU counts.",
			al->success_ms.s.median, al->attempts.s.median, pl->success_ms.s.median,
			pl->attempts.s.median);
	fputs("\n\n", f);
}

static void figure(FILE *f, const char *dir, const char *name, const char *caption)
{
	fprintf(f, "![%s](%s/%s.svg)\n\n%s\n\n", name, dir, name, caption);
}

static void figures(const struct model *m, FILE *f, const char *dir)
{
	fputs("## Figures\n\n", f);
	if (m->nr_arms && m->nr_cells)
		figure(f, dir, "tradeoff",
		       "The cost of a get and put with all CPUs at it, against the cost of an unload under "
		       "load. Bars: exact intervals of the medians.");
	if (m->nr_cells) {
		figure(f, dir, "scaling",
		       "Time of a get and put on each CPU. A flat line scales; a line of slope 1 means that "
		       "all CPUs together do no more than one. Dashed: floors, which protect nothing.");
		figure(f, dir, "throughput",
		       "The same, as operations a second of all CPUs together, with the ideal of the best "
		       "scheme.");
	}
	if (m->nr_arms)
		figure(f, dir, "unload",
		       "Every unload, from the first attempt until the module is gone; the bar is the median.");
	if (m->nr_phases)
		figure(f, dir, "phases",
		       "Where delete_module(2) spends its time. Left: means, which add up. Right: medians, "
		       "least and greatest, so that short phases can be seen.");
}

static void lookups(const struct model *m, FILE *f)
{
	int low = lowest_cpus(m, "lookup"), high = model_max_cpus(m, "lookup");
	size_t i;

	if (!high)
		return;
	fprintf(f,
		"## With the lookup\n\nFind the object in the registry under the scheme's own lock, get, "
		"call the victim, put; ns per CPU.\n\n"
		"| scheme | %d CPU: median (interval) | %d CPUs: median (interval) | growth |\n"
		"|---|---:|---:|---:|\n",
		low, high);
	for (i = 0; i < m->nr_cells; i++) {
		const struct cell *c = &m->cells[i], *n;

		if (strcmp(c->mode, "lookup") || c->cpus != low)
			continue;
		n = model_cell(m, c->scheme, "lookup", high);
		fprintf(f, "| `%s` |", c->scheme);
		cell_median(f, &c->ns.s);
		if (n)
			cell_median(f, &n->ns.s);
		else
			fputs(" - |", f);
		cell_growth(f, growth(m, c->scheme, "lookup"));
		fputs("\n", f);
	}
	fputs("\n", f);
}

static void unloads(const struct model *m, FILE *f)
{
	size_t i;

	if (!m->nr_arms)
		return;
	fprintf(f,
		"## Unloading\n\n"
		"%s load workers look the object up, call it and put it, without a pause, while the victim "
		"is unloaded. Medians; *stall* is the longest time between two finished lookups of one "
		"worker, before the first attempt (calm) and from then on (unload), the worst of all "
		"cycles. *Failed* gets were refused between the first attempt and the return of the last; *spurious* ones failed "
		"although it stayed.\n\n"
		"| scheme | arm | gone | gate us | delete_module ms | time to success ms: p50 (interval) | max "
		"| attempts: p50, max | failed gets | spurious | stall calm ms | stall unload ms |\n"
		"|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n",
		model_text(m, "unload.plan.workers"));
	for (i = 0; i < m->nr_arms; i++) {
		const struct arm *a = &m->arms[i];

		fprintf(f, "| `%s` | %s | %zu/%zu |", a->scheme, a->arm, a->gone, a->cycles);
		cell_num(f, a->gate_us.s.max > 0 ? a->gate_us.s.median : NAN);
		cell_num(f, a->delete_ms.s.median);
		cell_median(f, &a->success_ms.s);
		cell_num(f, a->success_ms.s.max);
		fprintf(f, " %.0f, %.0f | %.0f | %.0f |", a->attempts.s.median, a->attempts.s.max,
			a->failed, a->spurious);
		cell_num(f, a->calm_us.s.max / 1e3);
		cell_num(f, a->stall_us.s.max / 1e3);
		fputs("\n", f);
	}
	fputs("\nA percentile above the median needs more samples than this (p90: 36, p99: 368), and is left "
	      "out where it has not got them.\n\n",
	      f);
}

static const struct phase *find_phase(const struct model *m, const char *scheme, const char *arm,
				      int index)
{
	size_t i;

	for (i = 0; i < m->nr_phases; i++)
		if (m->phases[i].index == index &&
		    (!scheme || !strcmp(m->phases[i].scheme, scheme)) &&
		    !strcmp(m->phases[i].arm, arm))
			return &m->phases[i];
	return NULL;
}

/* One arm: the loaded one if there is one. */
static void phase_table(const struct model *m, FILE *f)
{
	int index, last = 0;
	const char *arm = "idle";
	size_t i;

	if (!m->nr_phases)
		return;
	for (i = 0; i < m->nr_phases; i++) {
		if (m->phases[i].index > last)
			last = m->phases[i].index;
		if (!strcmp(m->phases[i].arm, "loaded"))
			arm = "loaded";
	}
	fprintf(f,
		"### Phases of delete_module(2), %s: median us (of which off the CPU)\n\n| phase |",
		arm);
	for (i = 0; i < m->nr_arms; i++)
		if (!strcmp(m->arms[i].arm, arm))
			fprintf(f, " `%s` |", m->arms[i].scheme);
	fputs("\n|---|", f);
	for (i = 0; i < m->nr_arms; i++)
		if (!strcmp(m->arms[i].arm, arm))
			fputs("---:|", f);
	for (index = 0; index <= last; index++) {
		const struct phase *any = find_phase(m, NULL, arm, index);

		if (!any)
			continue;
		fprintf(f, "\n| %s%s |", any->label, any->merged ? " (merged)" : "");
		for (i = 0; i < m->nr_arms; i++) {
			const struct phase *p = find_phase(m, m->arms[i].scheme, arm, index);
			char us[32], off[32];

			if (strcmp(m->arms[i].arm, arm))
				continue;
			if (!p || !p->us.n)
				fputs(" - |", f);
			else
				fprintf(f, p->off_us.s.median > 0 ? " %s (%s) |" : " %s |",
					num(p->us.s.median, us, sizeof(us)),
					num(p->off_us.s.median, off, sizeof(off)));
		}
	}
	fputs("\n\nMedians do not add up; the means in the figure do, and so do the phases of every single "
	      "unload. A phase whose boundaries could not be watched is part of the one after it, which then "
	      "says *merged*.\n\n",
	      f);
}

static void instructions(const struct model *m, FILE *f)
{
	char path[PATH_MAX + 32];
	struct csv t;
	size_t i;

	snprintf(path, sizeof(path), "%s/instructions.csv", m->results.dir);
	if (csv_read(path, &t))
		return;
	fputs("## Instructions\n\nExact counts per operation, on one CPU that executes one instruction a "
	      "nanosecond of its own clock. `empty` is the harness, contained in every other row.\n\n"
	      "| scheme | mode | instructions |\n|---|---|---:|\n",
	      f);
	for (i = 0; i < t.rows; i++)
		if (csv_num(&t, i, csv_col(&t, "block")) == 0)
			fprintf(f, "| `%s` | %s | %s |\n", csv_get(&t, i, csv_col(&t, "scheme")),
				csv_get(&t, i, csv_col(&t, "mode")),
				csv_get(&t, i, csv_col(&t, "instructions")));
	fputs("\n", f);
	csv_free(&t);
}

static double json_num(const struct model *m, const char *path)
{
	struct json_object *o = model_get(m, path);

	return o ? json_object_get_double(o) : NAN;
}

static void validity_run(const struct model *m, FILE *f)
{
	size_t flagged = 0, samples = 0, drifting = 0, i;
	double fair = INFINITY;

	for (i = 0; i < m->nr_cells; i++) {
		const struct cell *c = &m->cells[i];

		flagged += c->flagged;
		samples += c->ns.n;
		drifting += !c->steady;
		if (c->fair.n && c->fair.s.median < fair)
			fair = c->fair.s.median;
	}
	fprintf(f,
		"- fast path: %zu samples in %zu cells; windows that overlapped less than 0.9: %zu%s; cells "
		"that drifted: %zu; least median fairness (slowest over fastest worker): %.2f\n",
		samples, m->nr_cells, flagged, flagged ? " **(unreliable)**" : "", drifting, fair);
	fprintf(f, "- %.0f %% of the %.0f s of measuring lay inside windows or warm-up\n",
		100 * json_num(m, "run.inside_windows_ns") / json_num(m, "run.measuring_ns"),
		json_num(m, "run.measuring_ns") / 1e9);
	fputs("- references conserved after every run: a run that leaves one over fails and is not listed\n",
	      f);
	if (oversubscribed(m))
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
	fprintf(f, "- machine: %s\n- the clock: %.1f ns a reading, steps of %s ns\n\n",
		model_text(m, "environment.machine.kind"), json_num(m, "run.clock.read_ns"),
		model_text(m, "run.clock.step_ns"));
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
		fprintf(f, "| %s | %s |\n", rows[i].what, model_text(m, rows[i].path));
	fputs("\nThe whole of it, mitigations included, is in run.json of the results directory.\n\n",
	      f);
}

static void method(const struct model *m, FILE *f)
{
	fprintf(f,
		"## Method\n\n"
		"Bound kthreads meet at a barrier that its last arriver opens, run through a warm-up, and count "
		"only inside a common window; all keep the load on until the last is out. Each of %s blocks "
		"measures every scheme with every number of CPUs once, in an order drawn from the seed, with the "
		"modules loaded afresh. ns = time inside the window, gaps taken out, x CPUs / operations. Medians come with their exact interval "
		"from order statistics (at least 95 %%; n=10: ranks 2 and 9); with fewer than 10 blocks this is "
		"a quick look, and 30 are wanted for numbers to quote. Time to success is from the first attempt "
		"until delete_module(2) has returned 0, gate and retries included. docs/method.md tells more.\n\n",
		model_text(m, "run.plan.blocks"));
}

static void limits(const struct model *m, FILE *f)
{
	fputs("## Limits\n\n"
	      "- A scheme's gate runs just before the system call, not inside it: rmmod = gate + "
	      "delete_module(2), timed apart and together.\n"
	      "- stop_machine() reaches a CPU when its worker next lets the scheduler in, between lookups. "
	      "Without full preemption it therefore never meets a user in the middle of a get, and a per-CPU "
	      "unload that finds users needs users that sleep while they hold.\n"
	      "- The unloading task has a CPU to itself where the machine has one more than there are load "
	      "workers.\n",
	      f);
	if (emulated(m))
		fputs("- Emulation: see the first lines. A CPU of the guest is a thread of the host and may lose its "
		      "time slice anywhere, also while it holds a lock; the tails above are the host's as much as "
		      "the kernel's. Where the host is itself a virtual machine, its CPUs may be threads of one "
		      "core at one moment and cores of their own at the next: contended rows then have two "
		      "levels, and an interval that spans both.\n",
		      f);
	fputs("\n", f);
}

static void reproduce(const struct model *m, FILE *f)
{
	fprintf(f,
		"## Reproduce\n\n```\ngit clone ... refcost && cd refcost && git checkout %s\n./bench.sh%s\n```\n",
		model_text(m, "environment.refcost"),
		json_num(m, "run.plan.blocks") < 30 ? " --quick" : "");
}

void report_markdown(const struct model *m, FILE *f, const char *dir)
{
	heading(m, f);
	headline(m, f);
	answer(m, f);
	figures(m, f, dir);
	lookups(m, f);
	unloads(m, f);
	phase_table(m, f);
	instructions(m, f);
	validity(m, f);
	environment(m, f);
	method(m, f);
	limits(m, f);
	reproduce(m, f);
}
