// SPDX-License-Identifier: GPL-2.0
/* Measuring the cells of a run: block by block, in random order, a row per worker. */
#include "measure/run/parts.h"

#include <errno.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sort_uint.h>
#include <gsl/gsl_statistics_uint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/progress.h"
#include "base/refcost.h"
#include "machine/topo.h"
#include "measure/dry_run.h"
#include "measure/order.h"
#include "measure/perf_control.h"
#include "model/sample.h"
#include "results/resume.h"

#define WORKERS_COLUMNS                                                                           \
	"floor,counter_offset,counter_node,cpu,arrive_ns,go_ns,start_ns,end_ns,ops,failed,total," \
	"gap_ns,gaps,batch,batches,batch_min_ns,batch_p5_ns,batch_p25_ns,batch_p50_ns,"           \
	"batch_p99_ns"
/* The module makes no shorter ones, but for operations that take so long. */
#define SHORTEST_BATCH_NS 10000
#define COUNTS_COLUMNS	  "floor,instructions"

/* Begin a row with what it is of. */
static void write_key(uint64_t block, const struct cell_plan *c, int dims, FILE *f)
{
	fprintf(f, "%lu,", block);
	key_write(&c->key, dims, f);
	putc(',', f);
}

/* Room for the times of a worker's batches, in as much of the window as there is. */
static uint32_t times_of(uint64_t window_ns)
{
	return fmin(REFCOST_TIMES_MAX, window_ns / SHORTEST_BATCH_NS + 1);
}

/* How many of a worker's batches have a time. */
static size_t batches_timed(const struct refcost_run *run, const struct refcost_worker_result *w)
{
	return w->batches < run->nr_times ? w->batches : run->nr_times;
}

/* A quantile of the batches of a worker, whose times are sorted, ns. */
static double batch_ns(const struct refcost_run *run, const struct refcost_worker_result *results,
		       int worker, double p)
{
	const uint32_t *times = (uint32_t *)(uintptr_t)run->times;

	return gsl_stats_uint_quantile_from_sorted_data(times + (size_t)worker * run->nr_times, 1,
							batches_timed(run, &results[worker]), p);
}

/* Of the window the rows have its counter, where that has a place of its own. */
static void write_workers(struct run *r, uint64_t block, const struct cell_plan *c,
			  const struct refcost_run *run, const struct refcost_worker_result *w)
{
	static const double quantiles[] = { 0, ONE_CPU_PERCENTILE / 100.0, 0.25, 0.5, 0.99 };
	char node[16] = "";
	size_t k;
	int i;

	if (run->counter_node >= 0)
		snprintf(node, sizeof(node), "%d", run->counter_node);
	for (i = 0; i < c->key.cpus; i++) {
		write_key(block, c, KEY_OF_RUN, r->rows);
		fprintf(r->rows, "%d,%u,%s,", c->scheme->kind == SCHEME_FLOOR, run->counter_offset,
			node);
		fprintf(r->rows, "%u,%llu,%llu,%llu,%llu,%llu,%llu,%llu,%llu,%llu,%llu,%llu",
			w[i].cpu, w[i].arrive_ns, w[i].go_ns, w[i].start_ns, w[i].end_ns, w[i].ops,
			w[i].failed, w[i].total, w[i].gap_ns, w[i].gaps, w[i].batch, w[i].batches);
		/* of whole times and percents, so that two digits say it exactly */
		for (k = 0; k < ARRAY_SIZE(quantiles); k++)
			fprintf(r->rows, ",%.2f", batch_ns(run, w, i, quantiles[k]));
		fputc('\n', r->rows);
	}
}

/* Time from when the first worker came out of the barrier to when the last was done. */
static uint64_t inside_ns(const struct refcost_worker_result *w, int workers)
{
	uint64_t go = UINT64_MAX, end = 0;
	int i;

	for (i = 0; i < workers; i++) {
		go = w[i].go_ns < go ? w[i].go_ns : go;
		end = w[i].end_ns > end ? w[i].end_ns : end;
	}
	return end - go;
}

static void write_exact(struct run *r, uint64_t block, const struct cell_plan *c,
			const struct refcost_worker_result *w)
{
	r->inside_ns += w->end_ns - w->start_ns;
	write_key(block, c, KEY_OF_COUNTS, r->rows);
	fprintf(r->rows, "%d,%.2f\n", c->scheme->kind == SCHEME_FLOOR,
		(w->exact_long_ns - w->exact_short_ns) / (double)w->exact_n);
}

/*
 * Where workers share CPUs, each waits for one for whole time slices: a longer window keeps their
 * part of it small, and the overlap large.
 */
static uint64_t window_of(const struct plan *p, int cpus)
{
	int rounds = p->host_cpus ? (cpus + p->host_cpus - 1) / p->host_cpus : 1;
	uint64_t window = env.window_ns * rounds;

	return window < REFCOST_WINDOW_MAX ? window : REFCOST_WINDOW_MAX;
}

static int measure_window(int fd, const struct cell_plan *c, struct refcost_run *run)
{
	char why[256];
	int ret, err;

	err = perf_control("enable");
	if (err)
		return err;
	ret = -device_call(fd, REFCOST_IOC_RUN, run);
	err = perf_control("disable");
	if (err)
		return err;
	if (ret == EINTR)
		return EXIT_FAILED;
	if (ret)
		return fail(EXIT_FAILED, "%s, %s, %d CPUs: %s", c->scheme->name,
			    mode_names[c->key.mode], c->key.cpus,
			    device_why(ret, run, why, sizeof(why)));
	if (run->violations)
		return fail(EXIT_FAILED, "%s: %llu calls into a module that was given up",
			    c->scheme->name, run->violations);
	return EXIT_FINE;
}

static uint32_t run_flags(void)
{
	if (env.instructions)
		return REFCOST_RUN_EXACT;
	return env.gaps == GAPS_LONG ? REFCOST_RUN_EMULATED : 0;
}

static void sort_times(const struct refcost_run *run, const struct refcost_worker_result *w)
{
	uint32_t *times = (uint32_t *)(uintptr_t)run->times;
	size_t i;

	for (i = 0; i < run->nr_cpus; i++)
		gsl_sort_uint(times + i * run->nr_times, 1, batches_timed(run, &w[i]));
}

static int measure_cell(const struct cell_plan *c, uint64_t block, void *arg)
{
	struct run *r = arg;
	struct refcost_run run = {
		.size = sizeof(run),
		.flags = run_flags(),
		.mode = c->key.mode,
		.objects = env.objects,
		.nr_cpus = c->key.cpus,
		.cpus = (uintptr_t)c->placement->cpus,
		.warmup_ns = env.warmup_ns,
		.window_ns = window_of(&r->plan, c->key.cpus),
		.hold_ns = c->key.hold_ns,
		.seed = env.seed,
		.results = (uintptr_t)r->by_worker,
	};
	int err;

	memset(r->by_worker, 0, c->key.cpus * sizeof(*r->by_worker));
	if (!env.instructions) {
		run.nr_times = times_of(run.window_ns);
		run.times = (uintptr_t)r->times;
	}
	snprintf(run.scheme, sizeof(run.scheme), "%s", c->scheme->name);
	counters_ask(&run, r->counts);
	err = measure_window(r->fd, c, &run);
	if (err)
		return err;
	r->measured++;
	if (env.instructions) {
		write_exact(r, block, c, r->by_worker);
	} else {
		if (counters_write(r, block, c, r->by_worker, r->counts))
			return EXIT_FAILED;
		sort_times(&run, r->by_worker);
		write_workers(r, block, c, &run, r->by_worker);
		r->inside_ns += inside_ns(r->by_worker, c->key.cpus);
	}
	return results_check(&r->results, r->rows);
}

/* Of a victim that was there before, and of where the memory of a new one came from. */
static int check_victim(const struct refcost_info *info, const struct victim *wanted)
{
	if (info->layout != wanted->layout)
		return fail(EXIT_FAILED,
			    "the loaded victim has layout %s: rmmod %s %s, or give --layout %s",
			    layout_names[info->layout], SUITE_VICTIM, SUITE_BENCH,
			    layout_names[info->layout]);
	if (wanted->node >= 0 && info->node != wanted->node)
		return fail(EXIT_FAILED, "the objects lie on NUMA node %d, not on node %d%s",
			    info->node, wanted->node, env.keep ? ": rmmod the victim first" : "");
	return EXIT_FINE;
}

static int measure_cells(struct run *r, uint64_t block, size_t *order, const struct victim *victim)
{
	struct rounds *rounds = &r->plan.rounds;
	struct refcost_info info;
	size_t i;
	int err;

	r->fd = device_open(&info);
	if (r->fd < 0)
		return EXIT_FAILED;
	err = check_victim(&info, victim);
	if (!json_object_object_get(r->section, "clock")) {
		struct json_object *clock = json_object_new_object();

		json_object_object_add(clock, "read_ns",
				       json_object_new_double(info.clock_read_ps / 1e3));
		json_object_object_add(clock, "step_ns", json_object_new_int64(info.clock_step_ns));
		json_object_object_add(clock, "hz", json_object_new_int(info.hz));
		json_object_object_add(r->section, "clock", clock);
	}
	for (i = 0; i < rounds->nr_cells && !err; i++) {
		const struct cell_plan *c = &rounds->cells[order[i]];

		if (c->key.layout == victim->layout)
			err = rounds_cell(rounds, c, block, measure_cell, r);
	}
	close(r->fd);
	return err;
}

/*
 * The cells of a block whose objects lie alike. Unloading is worth waiting for: a failure to unload
 * is a failure of the run.
 */
static int measure_layout(struct run *r, uint64_t block, size_t *order, enum refcost_layout layout)
{
	struct victim victim = {
		.objects = env.objects ?: (uint64_t)r->plan.max_count,
		.layout = layout,
		.node = env.placements.node,
	};
	struct rounds *rounds = &r->plan.rounds;
	int err = EXIT_FINE, unload;
	size_t i, planned = 0, done = 0;

	for (i = 0; i < rounds->nr_cells; i++) {
		const struct cell_plan *c = &rounds->cells[i];

		if (block >= c->rounds || c->key.layout != layout)
			continue;
		planned++;
		done += resume_has(&rounds->done, block, &c->key);
	}
	if (done == planned) {
		rounds->finished += done;
		progress_skip(done);
		return EXIT_FINE;
	}
	if (layout == REFCOST_PAIR && env.objects == 1)
		victim.objects = 2;
	if (!env.keep || !module_loaded(SUITE_VICTIM))
		err = suite_load(&victim);
	if (err)
		return err;
	err = measure_cells(r, block, order, &victim);
	unload = env.keep ? EXIT_FINE : suite_unload();
	return err ? err : unload;
}

/* Each layout is the first of a block as often as the others. */
static int measure_block(struct run *r, uint64_t block, size_t *order)
{
	int err = EXIT_FINE;
	size_t i;

	for (i = 0; i < env.layouts.n && !err; i++)
		err = measure_layout(r, block, order, env.layouts.v[(block + i) % env.layouts.n]);
	return err;
}

int measure(struct run *r)
{
	uint64_t start = now_ns(), block, blocks = 0;
	struct rounds *rounds = &r->plan.rounds;
	size_t *order AUTO_FREE = array_new(rounds->nr_cells, sizeof(*order)), before;
	size_t most = r->plan.max_count;
	gsl_rng *rng = order_begin(env.seed);
	int err = EXIT_FINE;

	r->by_worker = array_new(most, sizeof(*r->by_worker));
	r->counts = array_new(most * env.events.n, sizeof(*r->counts));
	r->times = array_new(most * times_of(window_of(&r->plan, most)), sizeof(*r->times));
	rounds->started_ns = start;
	for (block = 0; block < rounds->rounds && !err; block++) {
		if (env.max_blocks && blocks == env.max_blocks)
			break;
		before = r->measured;
		rounds_order(rounds, rng, order);
		err = measure_block(r, block, order);
		blocks += r->measured > before;
	}
	gsl_rng_free(rng);
	free(r->by_worker);
	free(r->counts);
	free(r->times);
	r->measuring_ns = now_ns() - start;
	return err;
}

/*
 * Numbers of CPUs at which workers are on cores of several kinds, by placement, as the section
 * calls machines.
 */
static void note_kinds(struct run *r)
{
	struct json_object *mixed = json_object_new_object();
	char name[64], fastest[128];
	bool one = topo_kinds(fastest, sizeof(fastest)) < 2;
	size_t i;

	for (i = 0; i < r->plan.rounds.nr_cells && !one && !env.instructions; i++) {
		const struct cell_plan *c = &r->plan.rounds.cells[i];
		int kinds;

		snprintf(name, sizeof(name), "%s %d", placement_names[c->key.placement],
			 c->key.cpus);
		if (c->key.cpus < 2 || json_object_object_get_ex(mixed, name, NULL))
			continue;
		kinds = topo_kinds_of(c->placement->cpus, c->key.cpus);
		if (kinds > 1)
			json_object_object_add(mixed, name, json_object_new_int(kinds));
	}
	if (json_object_object_length(mixed))
		json_object_object_add(r->section, "kinds", mixed);
	else
		json_object_put(mixed);
}

/* Where a cell's own rows go. */
static const char *rows_name(void)
{
	return env.instructions ? "instructions.csv" : "workers.csv";
}

static int rows_dims(void)
{
	return env.instructions ? KEY_OF_COUNTS : KEY_OF_RUN;
}

int open_output(struct run *r)
{
	int err;

	err = results_open(&r->results, env.output);
	if (err)
		return err;
	r->section = resume_section(&r->results, env.instructions ? "instructions" : "run",
				    plan_json(&r->plan));
	if (!r->section)
		return EXIT_FAILED;
	note_kinds(r);
	r->rows = results_csv(&r->results, rows_name(), "block", rows_dims(),
			      env.instructions ? COUNTS_COLUMNS : WORKERS_COLUMNS);
	if (!r->rows || counters_open(r))
		return EXIT_FAILED;
	err = resume_done(r->results.dir, rows_name(), rows_dims(), &r->plan.rounds.done);
	if (!err)
		err = resume_trim(&r->results, rows_name(), &r->plan.rounds.done);
	if (!err && r->counters)
		err = resume_trim(&r->results, "counters.csv", &r->plan.rounds.done);
	return err ? err : results_save(&r->results);
}

/* How long a window of this cell takes, ms. */
static double cell_ms(const struct plan *p, const struct cell_plan *c)
{
	const struct pace *pace = dry_run_pace();

	if (env.instructions)
		return pace->counts;
	return pace->cell + (env.warmup_ns + window_of(p, c->key.cpus)) / (double)NSEC_PER_MSEC;
}

static void estimate(const struct cell_plan *c, struct estimate *e, void *arg)
{
	const struct run *r = arg;
	char hold[32];

	snprintf(e->name, sizeof(e->name), "%s, %s, %d CPU%s, hold %s%s%s%s%s", c->scheme->name,
		 mode_names[c->key.mode], c->key.cpus, c->key.cpus == 1 ? "" : "s",
		 ns_text(c->key.hold_ns, hold, sizeof(hold)), env.placements.asked ? ", " : "",
		 env.placements.asked ? placement_names[c->key.placement] : "",
		 env.layouts.asked ? ", " : "",
		 env.layouts.asked ? layout_names[c->key.layout] : "");
	e->ms = cell_ms(&r->plan, c);
}

int run_dry(struct run *r)
{
	struct dry_run d = { .what = env.instructions ? "counts" : "windows" };
	const struct pace *pace = dry_run_pace();
	struct rounds *rounds = &r->plan.rounds;
	int err = dry_run_look(env.output, env.instructions ? "instructions" : "run",
			       plan_json(&r->plan), rows_name(), rows_dims(), &rounds->done);

	if (err)
		return err;
	rounds_dry(rounds, &d, estimate, r);
	dry_run_beside(&d,
		       rounds->rounds * env.layouts.n * pace->block * (d.total - d.done) / d.total);
	snprintf(d.assumed, sizeof(d.assumed), "%.0f ms %s, %.0f ms a block for its modules",
		 env.instructions ? pace->counts : pace->cell,
		 env.instructions ? "of the host's time a count"
				  : "beside each window and its warm-up",
		 pace->block);
	dry_run_end(&d);
	return EXIT_FINE;
}
