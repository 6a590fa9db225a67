// SPDX-License-Identifier: GPL-2.0
/*
 * refcost run: what a get and its put cost, on 1..N CPUs.
 *
 * Randomised complete blocks: every block measures each (scheme, mode, CPU count) once, in an order
 * drawn from the seed, with the modules loaded afresh, since the address of a counter matters too.
 */
#include <argp.h>
#include <errno.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "csv.h"
#include "env.h"
#include "model.h"
#include "options.h"
#include "parse.h"
#include "perf_control.h"
#include "refcost.h"
#include "results.h"
#include "stats.h"
#include "suite.h"
#include "topo.h"

#define MAX_CPUS    4096
#define MAX_HOLDS   16
#define OVERLAP_MIN 0.9

static const char *const mode_names[] = {
	[REFCOST_GETPUT] = "getput",
	[REFCOST_LOOKUP] = "lookup",
};

static struct env {
	const char *schemes;
	const char *output;
	int counts[MAX_CPUS];
	size_t nr_counts;
	int list[MAX_CPUS];
	size_t nr_list;
	bool modes[REFCOST_MODES];
	uint64_t blocks;
	uint64_t holds[MAX_HOLDS];
	size_t nr_holds;
	const char *hold_schemes;
	uint64_t hold_blocks;
	uint64_t objects;
	uint64_t warmup_ns;
	uint64_t window_ns;
	uint64_t seed;
	bool strict;
	bool instructions;
	bool keep;
	const char *perf_control;
} env = {
	.blocks = 30,
	.nr_holds = 1,
	.objects = 1,
	.warmup_ns = 30 * NSEC_PER_MSEC,
	.window_ns = 150 * NSEC_PER_MSEC,
	.seed = 1,
};

enum {
	OPT_HOLD = 256,
	OPT_HOLD_SCHEMES,
	OPT_HOLD_BLOCKS,
	OPT_OBJECTS,
	OPT_MODE,
	OPT_WINDOW,
	OPT_WARMUP,
	OPT_SEED,
	OPT_STRICT,
	OPT_INSTRUCTIONS,
	OPT_CPU_LIST,
	OPT_PERF_CONTROL,
};

static const struct argp_option options[] = {
	{ "schemes", 's', "NAME,..", 0, "Schemes and floors to measure (default: all)", 0 },
	{ "cpus", 'c', "N,..", 0,
	  "How many CPUs, as 1,2,4 or 1-16 (default: powers of two up to all)", 0 },
	{ "cpu-list", OPT_CPU_LIST, "LIST", 0,
	  "CPUs to use, in this order, as 0-3,8 (default: a thread of each core first)", 0 },
	{ "blocks", 'b', "N", 0, "Samples of each cell (default 30; quote nothing under 10)", 0 },
	{ "mode", OPT_MODE, "MODE,..", 0, "getput, lookup or both (default getput)", 0 },
	{ "hold", OPT_HOLD, "TIME,..", 0,
	  "Stay in the victim's text between get and put (default 0); longer ones after the first are "
	  "measured without the lookup, on one CPU, half and all of --cpus",
	  0 },
	{ "hold-schemes", OPT_HOLD_SCHEMES, "NAME,..", 0,
	  "Those of the schemes to measure with every hold but the first (default: all)", 0 },
	{ "hold-blocks", OPT_HOLD_BLOCKS, "N", 0,
	  "Samples of each cell with every hold but the first (default: as --blocks)", 0 },
	{ "objects", OPT_OBJECTS, "N", 0,
	  "1: all share one object; percpu: one each; N: drawn at random from N (default 1)", 0 },
	{ "window", OPT_WINDOW, "TIME", 0, "Length of a window (default 150ms)", 0 },
	{ "warmup", OPT_WARMUP, "TIME", 0, "Time before it opens (default 30ms)", 0 },
	{ "seed", OPT_SEED, "N", 0, "Of the order of cells and the draws of objects (default 1)",
	  0 },
	{ "output", 'o', "DIR", 0, "Results directory; finished cells in it are not run again", 0 },
	{ "keep", 'k', 0, 0,
	  "Use the modules if they are loaded, and leave them loaded: for perf, which needs their symbols",
	  0 },
	{ "perf-control", OPT_PERF_CONTROL, "CTL,ACK", 0,
	  "Have perf record --control=fifo:CTL,ACK -D -1 record windows and their warm-up alone",
	  0 },
	{ "strict", OPT_STRICT, 0, 0, "Exit 2 if a validity check failed", 0 },
	{ "instructions", OPT_INSTRUCTIONS, 0, 0,
	  "Count instructions: for guests whose clock counts them (bench.sh --instructions)", 0 },
	{ 0 },
};

static void parse_modes(struct argp_state *state, char *arg)
{
	const char *names[REFCOST_MODES];
	char *copy = strdup(arg);
	size_t n = 0, i;
	int err, mode;

	err = copy ? parse_names(copy, names, REFCOST_MODES, &n) : -ENOMEM;
	if (err)
		opt_bad(state, "--mode", arg, err);
	for (i = 0; i < n; i++) {
		for (mode = 0; mode < REFCOST_MODES; mode++)
			if (!strcmp(names[i], mode_names[mode]))
				break;
		if (mode == REFCOST_MODES)
			argp_error(state, "no mode '%s': use getput, lookup or both with a comma",
				   names[i]);
		else
			env.modes[mode] = true;
	}
	free(copy);
}

/* The least hold is what all tables but the sweep's are about, so that it has to be the complete one. */
static void check_holds(struct argp_state *state)
{
	size_t i;

	for (i = 1; i < env.nr_holds; i++)
		if (env.holds[i] <= env.holds[i - 1])
			argp_error(state, "--hold: give the times in ascending order");
	if (env.nr_holds > 1 && env.instructions)
		argp_error(state, "--instructions takes one --hold");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	int err = 0;

	switch (key) {
	case 's':
		env.schemes = arg;
		break;
	case 'c':
		err = parse_counts(arg, env.counts, MAX_CPUS, &env.nr_counts);
		if (err)
			opt_bad(state, "--cpus", arg, err);
		break;
	case OPT_CPU_LIST:
		err = parse_cpu_list(arg, env.list, MAX_CPUS, &env.nr_list);
		if (err)
			opt_bad(state, "--cpu-list", arg, err);
		break;
	case 'b':
		env.blocks = opt_u64(state, "--blocks", arg, 1, 100000);
		break;
	case OPT_MODE:
		parse_modes(state, arg);
		break;
	case OPT_HOLD:
		env.nr_holds =
			opt_ns_list(state, "--hold", arg, REFCOST_HOLD_MAX, env.holds, MAX_HOLDS);
		break;
	case OPT_HOLD_SCHEMES:
		env.hold_schemes = arg;
		break;
	case OPT_HOLD_BLOCKS:
		env.hold_blocks = opt_u64(state, "--hold-blocks", arg, 1, 100000);
		break;
	case OPT_OBJECTS:
		env.objects = opt_objects(state, arg);
		break;
	case OPT_WINDOW:
		env.window_ns =
			opt_ns(state, "--window", arg, REFCOST_WINDOW_MIN, REFCOST_WINDOW_MAX);
		break;
	case OPT_WARMUP:
		env.warmup_ns = opt_ns(state, "--warmup", arg, 0, REFCOST_WINDOW_MAX);
		break;
	case OPT_SEED:
		env.seed = opt_u64(state, "--seed", arg, 0, UINT32_MAX);
		break;
	case 'o':
		env.output = arg;
		break;
	case 'k':
		env.keep = true;
		break;
	case OPT_PERF_CONTROL:
		env.perf_control = arg;
		break;
	case OPT_STRICT:
		env.strict = true;
		break;
	case OPT_INSTRUCTIONS:
		env.instructions = true;
		break;
	case ARGP_KEY_ARG:
		argp_error(state, "does not know what to do with '%s'", arg);
		break;
	case ARGP_KEY_END:
		if (!env.modes[REFCOST_GETPUT] && !env.modes[REFCOST_LOOKUP])
			env.modes[REFCOST_GETPUT] = true;
		env.hold_blocks = env.hold_blocks ?: env.blocks;
		check_holds(state);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp argp = {
	options,
	parse,
	NULL,
	"Time get and put of each scheme with 1..N CPUs at it together. Prints a table; with -o DIR "
	"keeps every sample. Times take the suffixes ns, us, ms, s."
	"\vExamples:\n"
	"  refcost run                               everything, 1 to all CPUs, 30 blocks\n"
	"  refcost run -s kref,rwsem -c 1-8 -b 10    two schemes, every count up to 8\n"
	"  refcost run --mode lookup --hold 1us      with the lookup, 1 us in the victim\n"
	"  refcost run --hold 0,1us,20us --hold-schemes kref,rwsem --hold-blocks 6\n"
	"                                            two of the schemes with longer holds, too\n"
	"  refcost run -s kref --objects percpu      no sharing: an object per CPU\n"
	"  refcost run -k -s kref -c 1 -b 1 && perf record -a -g -- refcost run -k -s kref -c 4 -b 5\n"
	"\nExit codes: 0 fine, 1 failed, 2 unreliable (--strict), 4 not possible here, 64 usage.\n",
	NULL,
	NULL,
	NULL,
};

/* One thing to measure in every block. */
struct cell_plan {
	const struct scheme_desc *scheme;
	enum refcost_mode mode;
	int cpus;
	uint64_t hold_ns;
	uint64_t blocks;
};

struct plan {
	struct schemes schemes;
	struct cell_plan *cells;
	size_t nr_cells;
	uint32_t cpus[MAX_CPUS];
	size_t nr_cpus;
	int max_count;
	int host_cpus;
	uint64_t blocks;
	size_t total;
};

/* Where a run stands. */
struct run {
	struct plan plan;
	struct results results;
	struct json_object *section;
	FILE *samples;
	FILE *workers;
	struct csv done;
	uint64_t inside_ns;
	uint64_t measuring_ns;
	uint64_t started_ns;
	size_t finished;
	size_t flagged;
};

static int plan_cpus(struct plan *p)
{
	size_t i;
	int n;

	p->nr_cpus = topo_cpus(p->cpus, MAX_CPUS);
	if (!p->nr_cpus)
		return fail(EXIT_FAILED, "cannot read the CPU topology");
	for (i = 0; i < env.nr_list; i++) {
		size_t k;

		for (k = 0; k < p->nr_cpus && p->cpus[k] != (uint32_t)env.list[i]; k++)
			;
		if (k == p->nr_cpus)
			return fail(EXIT_USAGE, "CPU %d is absent or offline: see lscpu -e",
				    env.list[i]);
	}
	if (env.nr_list) {
		p->nr_cpus = env.nr_list;
		for (i = 0; i < env.nr_list; i++)
			p->cpus[i] = env.list[i];
	}
	if (env.instructions) {
		env.counts[0] = 1;
		env.nr_counts = 1;
	}
	if (!env.nr_counts) {
		for (n = 1; n < (int)p->nr_cpus; n *= 2)
			env.counts[env.nr_counts++] = n;
		env.counts[env.nr_counts++] = p->nr_cpus;
	}
	for (i = 0; i < env.nr_counts; i++) {
		if (env.counts[i] > (int)p->nr_cpus)
			return fail(EXIT_USAGE, "--cpus %d: only %zu CPUs are online or listed",
				    env.counts[i], p->nr_cpus);
		if (env.counts[i] > p->max_count)
			p->max_count = env.counts[i];
	}
	p->host_cpus = env_host_cpus();
	return EXIT_FINE;
}

/* Modes are asked for with all schemes in mind; a mode alone, of a scheme by name, is a mistake. */
static int refuse_lookup_of_floors(const struct plan *p)
{
	size_t s;

	if (!env.schemes || env.modes[REFCOST_GETPUT])
		return EXIT_FINE;
	for (s = 0; s < p->schemes.n; s++)
		if (p->schemes.v[s].kind == SCHEME_FLOOR)
			return fail(EXIT_USAGE,
				    "%s has no mode lookup: floors protect nothing, so there is "
				    "nothing to look up; use --mode getput",
				    p->schemes.v[s].name);
	return EXIT_FINE;
}

static void plan_cell(struct plan *p, const struct scheme_desc *scheme, enum refcost_mode mode,
		      int cpus, size_t hold)
{
	uint64_t blocks = hold ? env.hold_blocks : env.blocks;

	p->cells[p->nr_cells++] = (struct cell_plan){ scheme, mode, cpus, env.holds[hold], blocks };
	p->total += blocks;
	p->blocks = blocks > p->blocks ? blocks : p->blocks;
}

/* How dear a put is beside a long hold shows at the ends and in the middle. */
static bool count_is_swept(size_t c)
{
	size_t half = 0;

	while (2 * env.counts[half] < env.counts[env.nr_counts - 1])
		half++;
	return !c || c == half || c == env.nr_counts - 1;
}

static int plan_longer_holds(struct plan *p)
{
	enum refcost_mode mode = env.modes[REFCOST_GETPUT] ? REFCOST_GETPUT : REFCOST_LOOKUP;
	struct schemes swept;
	size_t s, k, c, h;
	int err;

	err = schemes_read(&swept);
	err = err ?: schemes_select(&swept, env.hold_schemes, true);
	for (s = 0; s < p->schemes.n && !err; s++) {
		const struct scheme_desc *scheme = &p->schemes.v[s];

		for (k = 0; k < swept.n && strcmp(swept.v[k].name, scheme->name); k++)
			;
		if (k == swept.n || (mode == REFCOST_LOOKUP && scheme->kind == SCHEME_FLOOR))
			continue;
		for (h = 1; h < env.nr_holds; h++)
			for (c = 0; c < env.nr_counts; c++)
				if (count_is_swept(c))
					plan_cell(p, scheme, mode, env.counts[c], h);
	}
	schemes_free(&swept);
	return err;
}

static int plan_make(struct plan *p)
{
	size_t s, c;
	int mode, err;

	err = schemes_read(&p->schemes);
	err = err ?: schemes_select(&p->schemes, env.schemes, true);
	err = err ?: refuse_lookup_of_floors(p);
	err = err ?: plan_cpus(p);
	if (err)
		return err;
	if ((uint64_t)p->max_count > REFCOST_OBJECTS_MAX && env.objects == REFCOST_OBJECTS_PERCPU)
		return fail(EXIT_USAGE, "--objects percpu serves up to %d CPUs",
			    REFCOST_OBJECTS_MAX);
	p->cells = calloc(p->schemes.n * env.nr_counts * (REFCOST_MODES + env.nr_holds),
			  sizeof(*p->cells));
	if (!p->cells)
		return fail(EXIT_FAILED, "out of memory");
	for (s = 0; s < p->schemes.n; s++) {
		for (mode = 0; mode < REFCOST_MODES; mode++) {
			const struct scheme_desc *scheme = &p->schemes.v[s];

			if (!env.modes[mode] ||
			    (mode == REFCOST_LOOKUP && scheme->kind == SCHEME_FLOOR))
				continue;
			for (c = 0; c < env.nr_counts; c++)
				plan_cell(p, scheme, mode, env.counts[c], 0);
		}
	}
	return env.nr_holds > 1 ? plan_longer_holds(p) : EXIT_FINE;
}

/* Only where there are several: a plan of one hold is what it always was. */
static void holds_json(struct json_object *o)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < env.nr_holds; i++)
		json_object_array_add(list, json_object_new_int64(env.holds[i]));
	json_object_object_add(o, "holds", list);
	json_object_object_add(o, "hold_blocks", json_object_new_int64(env.hold_blocks));
	if (env.hold_schemes)
		json_object_object_add(o, "hold_schemes", json_object_new_string(env.hold_schemes));
}

static struct json_object *plan_json(const struct plan *p)
{
	struct json_object *o = json_object_new_object(), *list;
	size_t i;

	list = json_object_new_array();
	for (i = 0; i < p->schemes.n; i++)
		json_object_array_add(list, json_object_new_string(p->schemes.v[i].name));
	json_object_object_add(o, "schemes", list);
	list = json_object_new_array();
	for (i = 0; i < REFCOST_MODES; i++)
		if (env.modes[i])
			json_object_array_add(list, json_object_new_string(mode_names[i]));
	json_object_object_add(o, "modes", list);
	list = json_object_new_array();
	for (i = 0; i < env.nr_counts; i++)
		json_object_array_add(list, json_object_new_int(env.counts[i]));
	json_object_object_add(o, "cpus", list);
	list = json_object_new_array();
	for (i = 0; i < (size_t)p->max_count; i++)
		json_object_array_add(list, json_object_new_int(p->cpus[i]));
	json_object_object_add(o, "placement", list);
	json_object_object_add(o, "blocks", json_object_new_int64(env.blocks));
	json_object_object_add(o, "hold_ns", json_object_new_int64(env.holds[0]));
	if (env.nr_holds > 1)
		holds_json(o);
	json_object_object_add(o, "objects", json_object_new_int64(env.objects));
	json_object_object_add(o, "warmup_ns", json_object_new_int64(env.warmup_ns));
	json_object_object_add(o, "window_ns", json_object_new_int64(env.window_ns));
	json_object_object_add(o, "seed", json_object_new_int64(env.seed));
	return o;
}

#define SAMPLES_HEADER                                                                                      \
	"block,scheme,floor,mode,cpus,hold_ns,objects,ns_per_op,ns_elapsed,ops,failed,overlap,fairness,cv," \
	"batch,counter_offset,oversubscribed"
#define WORKERS_HEADER                                                                             \
	"block,scheme,mode,cpus,cpu,arrive_ns,go_ns,start_ns,end_ns,ops,failed,total,gap_ns,gaps," \
	"hold_ns"
#define INSTRUCTIONS_HEADER "block,scheme,floor,mode,instructions"

static bool cell_done(const struct run *r, uint64_t block, const struct cell_plan *c)
{
	const struct csv *t = &r->done;
	int b = csv_col(t, "block"), s = csv_col(t, "scheme"), m = csv_col(t, "mode");
	int n = csv_col(t, "cpus"), h = csv_col(t, "hold_ns");
	size_t i;

	for (i = 0; i < t->rows; i++)
		if ((uint64_t)csv_num(t, i, b) == block &&
		    !strcmp(csv_get(t, i, s), c->scheme->name) &&
		    !strcmp(csv_get(t, i, m), mode_names[c->mode]) &&
		    (n < 0 || (int)csv_num(t, i, n) == c->cpus) &&
		    (h < 0 || (uint64_t)csv_num(t, i, h) == c->hold_ns))
			return true;
	return false;
}

/*
 * What one window says. Rates add up, since all workers were inside for the same time. A worker's own
 * time is what was left of that when the gaps are taken out: on a machine of its own CPUs there are
 * next to none, in a crowded guest they are time slices of other vCPUs.
 */
static void write_sample(struct run *r, uint64_t block, const struct cell_plan *c,
			 const struct refcost_run *run, const struct refcost_worker_result *w)
{
	uint64_t last_start = 0, first_start = UINT64_MAX, last_end = 0, first_end = UINT64_MAX;
	uint64_t ops = 0, failed = 0, go = UINT64_MAX;
	double rate = 0, running = 0, overlap, each[c->cpus];
	int i;

	for (i = 0; i < c->cpus; i++) {
		double inside = w[i].end_ns - w[i].start_ns;

		each[i] = w[i].ops / inside;
		rate += each[i];
		running += w[i].ops / (inside - w[i].gap_ns);
		ops += w[i].ops;
		failed += w[i].failed;
		last_start = w[i].start_ns > last_start ? w[i].start_ns : last_start;
		first_start = w[i].start_ns < first_start ? w[i].start_ns : first_start;
		last_end = w[i].end_ns > last_end ? w[i].end_ns : last_end;
		first_end = w[i].end_ns < first_end ? w[i].end_ns : first_end;
		go = w[i].go_ns < go ? w[i].go_ns : go;
		fprintf(r->workers,
			"%lu,%s,%s,%d,%u,%llu,%llu,%llu,%llu,%llu,%llu,%llu,%llu,%llu,%lu\n", block,
			c->scheme->name, mode_names[c->mode], c->cpus, w[i].cpu, w[i].arrive_ns,
			w[i].go_ns, w[i].start_ns, w[i].end_ns, w[i].ops, w[i].failed, w[i].total,
			w[i].gap_ns, w[i].gaps, c->hold_ns);
	}
	overlap = ((double)first_end - last_start) / (last_end - first_start);
	r->flagged += overlap < OVERLAP_MIN;
	r->inside_ns += last_end - go;
	fprintf(r->samples, "%lu,%s,%d,%s,%d,%llu,%u,%.4f,%.4f,%lu,%lu,%.4f,%.4f,", block,
		c->scheme->name, c->scheme->kind == SCHEME_FLOOR, mode_names[c->mode], c->cpus,
		run->hold_ns, run->objects, c->cpus / running, c->cpus / rate, ops, failed, overlap,
		stats_min_max_ratio(each, c->cpus));
	if (c->cpus > 1)
		fprintf(r->samples, "%.4f", stats_cv(each, c->cpus));
	fprintf(r->samples, ",%llu,%u,%d\n", w[0].batch, run->counter_offset,
		r->plan.host_cpus && c->cpus > r->plan.host_cpus);
}

static void write_exact(struct run *r, uint64_t block, const struct cell_plan *c,
			const struct refcost_worker_result *w)
{
	r->inside_ns += w->end_ns - w->start_ns;
	fprintf(r->samples, "%lu,%s,%d,%s,%.2f\n", block, c->scheme->name,
		c->scheme->kind == SCHEME_FLOOR, mode_names[c->mode],
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

static int measure_cell(struct run *r, int fd, uint64_t block, const struct cell_plan *c)
{
	struct refcost_worker_result results[c->cpus];
	struct refcost_run run = {
		.size = sizeof(run),
		.flags = env.instructions ? REFCOST_RUN_EXACT : 0,
		.mode = c->mode,
		.objects = env.objects,
		.nr_cpus = c->cpus,
		.cpus = (uintptr_t)r->plan.cpus,
		.warmup_ns = env.warmup_ns,
		.window_ns = window_of(&r->plan, c->cpus),
		.hold_ns = c->hold_ns,
		.seed = env.seed,
		.results = (uintptr_t)results,
	};
	char why[128];
	int ret, err;

	snprintf(run.scheme, sizeof(run.scheme), "%s", c->scheme->name);
	err = perf_control("enable");
	if (err)
		return err;
	ret = ioctl(fd, REFCOST_IOC_RUN, &run) ? errno : 0;
	err = perf_control("disable");
	if (err)
		return err;
	if (ret) {
		if (ret == EINTR)
			return EXIT_FAILED;
		return fail(EXIT_FAILED, "%s, %s, %d CPUs: %s", c->scheme->name,
			    mode_names[c->mode], c->cpus, device_why(ret, &run, why, sizeof(why)));
	}
	if (run.violations)
		return fail(EXIT_FAILED, "%s: %llu calls into a module that was given up",
			    c->scheme->name, run.violations);
	if (env.instructions) {
		write_exact(r, block, c, results);
	} else {
		write_sample(r, block, c, &run, results);
		if (results_check(&r->results, r->workers))
			return EXIT_FAILED;
	}
	return results_check(&r->results, r->samples);
}

static int measure_cells(struct run *r, uint64_t block, size_t *order)
{
	struct refcost_info info;
	size_t i;
	int fd = device_open(&info), err = EXIT_FINE;

	if (fd < 0)
		return EXIT_FAILED;
	if (!json_object_object_get(r->section, "clock")) {
		struct json_object *clock = json_object_new_object();

		json_object_object_add(clock, "read_ns",
				       json_object_new_double(info.clock_read_ps / 1e3));
		json_object_object_add(clock, "step_ns", json_object_new_int64(info.clock_step_ns));
		json_object_object_add(clock, "hz", json_object_new_int(info.hz));
		json_object_object_add(r->section, "clock", clock);
	}
	for (i = 0; i < r->plan.nr_cells && !err; i++) {
		const struct cell_plan *c = &r->plan.cells[order[i]];

		if (block >= c->blocks)
			continue;
		if (interrupted)
			err = EXIT_FAILED;
		else if (!cell_done(r, block, c))
			err = measure_cell(r, fd, block, c);
		if (!err)
			progress("cell", ++r->finished, r->plan.total, r->started_ns);
	}
	close(fd);
	return err;
}

/* Unloading is worth waiting for: a failure to unload is a failure of the run. */
static int measure_block(struct run *r, uint64_t block, size_t *order)
{
	uint64_t objects = env.objects ?: (uint64_t)r->plan.max_count;
	int err = EXIT_FINE, unload;
	size_t i, planned = 0, done = 0;

	for (i = 0; i < r->plan.nr_cells; i++) {
		const struct cell_plan *c = &r->plan.cells[i];

		if (block >= c->blocks)
			continue;
		planned++;
		done += cell_done(r, block, c);
	}
	if (done == planned) {
		r->finished += done;
		return EXIT_FINE;
	}
	if (!env.keep || !module_loaded(SUITE_VICTIM))
		err = suite_load(objects);
	if (err)
		return err;
	err = measure_cells(r, block, order);
	unload = env.keep ? EXIT_FINE : suite_unload();
	return err ?: unload;
}

static int measure(struct run *r)
{
	uint64_t start = now_ns(), block;
	size_t order[r->plan.nr_cells], i;
	int err = EXIT_FINE;
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);

	gsl_rng_set(rng, env.seed);
	r->started_ns = start;
	for (block = 0; block < r->plan.blocks && !err; block++) {
		for (i = 0; i < r->plan.nr_cells; i++)
			order[i] = i;
		if (!env.instructions) /* exact: no order can matter, so keep the readable one */
			gsl_ran_shuffle(rng, order, r->plan.nr_cells, sizeof(order[0]));
		err = measure_block(r, block, order);
	}
	gsl_rng_free(rng);
	r->measuring_ns = now_ns() - start;
	return err;
}

static int finish(struct run *r, int err)
{
	uint64_t inside = results_add(r->section, "inside_windows_ns", r->inside_ns);
	uint64_t measuring = results_add(r->section, "measuring_ns", r->measuring_ns);
	struct model m;

	results_add(r->section, "overlap_flagged", r->flagged);
	json_object_object_add(r->section, "status",
			       json_object_new_string(err ? "partial" : "complete"));
	json_object_object_add(r->section, "unit",
			       json_object_new_string(env.instructions ? "instructions" : "ns"));
	if (results_save(&r->results))
		return EXIT_FAILED;
	if (interrupted)
		say("interrupted after %zu of %zu cells%s%s", r->finished, r->plan.total,
		    r->results.temporary ? ""
					 : "; kept, marked partial; the same command goes on in ",
		    r->results.temporary ? "" : r->results.dir);
	if (r->finished && !env.instructions && !model_read(&m, r->results.dir)) {
		model_print_run(&m, stdout);
		model_free(&m);
		printf("seed %lu; %.0f %% of %.1f s inside windows or warm-up\n", env.seed,
		       measuring ? 100.0 * inside / measuring : 0, measuring / 1e9);
	}
	if (!err && env.strict && r->flagged)
		return fail(EXIT_UNRELIABLE, "%zu samples overlapped less than %.1f: unreliable",
			    r->flagged, OVERLAP_MIN);
	return err;
}

/* The last block of instructions.csv is as good as any: they agree to the digit or that is said. */
static int print_instructions(const struct results *r)
{
	char path[PATH_MAX + 32];
	int scheme, mode, insns;
	struct csv t;
	size_t i, k;

	snprintf(path, sizeof(path), "%s/instructions.csv", r->dir);
	if (csv_read(path, &t))
		return fail(EXIT_FAILED, "cannot read %s", path);
	scheme = csv_col(&t, "scheme");
	mode = csv_col(&t, "mode");
	insns = csv_col(&t, "instructions");
	printf("%-20s %-7s %s\n", "scheme", "mode", "instructions per get+put");
	for (i = 0; i < t.rows; i++) {
		bool differs = false;

		if (csv_num(&t, i, 0) != 0)
			continue;
		for (k = i + 1; k < t.rows; k++)
			if (!strcmp(csv_get(&t, i, scheme), csv_get(&t, k, scheme)) &&
			    !strcmp(csv_get(&t, i, mode), csv_get(&t, k, mode)) &&
			    strcmp(csv_get(&t, i, insns), csv_get(&t, k, insns)))
				differs = true;
		printf("%-20s %-7s %8s%s\n", csv_get(&t, i, scheme), csv_get(&t, i, mode),
		       csv_get(&t, i, insns), differs ? "  differs between blocks" : "");
	}
	csv_free(&t);
	return EXIT_FINE;
}

static int open_output(struct run *r)
{
	const char *name = env.instructions ? "instructions.csv" : "samples.csv";
	char path[PATH_MAX + 32];
	int err;

	err = results_open(&r->results, env.output);
	if (err)
		return err;
	r->section = results_section(&r->results, env.instructions ? "instructions" : "run",
				     plan_json(&r->plan));
	if (!r->section)
		return EXIT_FAILED;
	r->samples = results_csv(&r->results, name,
				 env.instructions ? INSTRUCTIONS_HEADER : SAMPLES_HEADER);
	if (!r->samples)
		return EXIT_FAILED;
	if (!env.instructions) {
		r->workers = results_csv(&r->results, "workers.csv", WORKERS_HEADER);
		if (!r->workers)
			return EXIT_FAILED;
	}
	snprintf(path, sizeof(path), "%s/%s", r->results.dir, name);
	if (csv_read(path, &r->done))
		return fail(EXIT_FAILED, "cannot read %s back", path);
	return results_save(&r->results);
}

int cmd_run(int argc, char **argv)
{
	static struct run r;
	int err;

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	err = plan_make(&r.plan);
	err = err ?: need_root("run");
	if (err)
		goto out;
	err = env.perf_control ? perf_control_open(env.perf_control) : EXIT_FINE;
	err = err ?: open_output(&r);
	if (!err) {
		err = measure(&r);
		err = finish(&r, err);
		if (!err && env.instructions)
			err = print_instructions(&r.results);
	}
	if (r.samples)
		fclose(r.samples);
	if (r.workers)
		fclose(r.workers);
	perf_control_close();
	csv_free(&r.done);
	results_close(&r.results);
out:
	free(r.plan.cells);
	schemes_free(&r.plan.schemes);
	return err;
}
