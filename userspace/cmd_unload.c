// SPDX-License-Identifier: GPL-2.0
/*
 * refcost unload: what it costs to get rid of a module, idle and while others use it.
 *
 * A cycle loads the victim, starts the users, waits for a random while, and then does what rmmod would:
 * the scheme's gate, then delete_module(2), again and again while it is busy. Blocks are randomised as in
 * refcost run.
 */
#include <argp.h>
#include <errno.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "csv.h"
#include "dry_run.h"
#include "hist.h"
#include "model.h"
#include "options.h"
#include "order.h"
#include "parse.h"
#include "progress.h"
#include "quiet.h"
#include "refcost.h"
#include "results.h"
#include "resume.h"
#include "suite.h"
#include "trace.h"
#include "users.h"

#define MAX_HOLDS    16
#define MAX_CYCLES   100000
#define PATIENCE_MAX (3600 * NSEC_PER_SEC)
#define RECORD_WAIT  200 /* ms */

static struct env {
	const char *schemes;
	const char *output;
	uint64_t workers;
	bool arms[2];
	uint64_t cycles;
	uint64_t hold_cycles;
	uint64_t attempts;
	uint64_t patience_ns;
	uint64_t holds[MAX_HOLDS];
	size_t nr_holds;
	uint64_t objects;
	uint64_t seed;
	double rate;
	bool no_bystander;
	uint64_t think_ns;
	bool no_trace;
	bool histogram;
	bool strict;
	bool dry_run;
	enum trace_mech mech;
} env = {
	.workers = USERS_ALL_BUT_ONE,
	.cycles = 23,
	.attempts = 1000,
	.patience_ns = 5 * NSEC_PER_SEC,
	.nr_holds = 1,
	.objects = 1,
	.seed = 1,
};

enum arm_kind { IDLE, LOADED };

static const char *const arm_names[] = { [IDLE] = "idle", [LOADED] = "loaded" };

enum {
	OPT_HOLD = 256,
	OPT_HOLD_CYCLES,
	OPT_OBJECTS,
	OPT_SEED,
	OPT_STRICT,
	OPT_RATE,
	OPT_ATTEMPTS,
	OPT_PATIENCE,
	OPT_NO_BYSTANDER,
	OPT_THINK,
	OPT_ARMS,
	OPT_NO_TRACE,
	OPT_MECH,
	OPT_DRY_RUN,
};

static const struct argp_option options[] = {
	{ "schemes", 's', "NAME,..", 0, "Schemes (default: all that protect something)", 0 },
	{ "load", 'l', "WORKERS", 0, "Load workers of the loaded arm (default: all CPUs but one)",
	  0 },
	{ "cycles", 'n', "N", 0, "Unloads of each scheme and arm (default 23)", 0 },
	{ "arms", OPT_ARMS, "ARM,..", 0, "idle, loaded or both (default both)", 0 },
	{ "rate", OPT_RATE, "R", 0,
	  "Unloads a second, begun on schedule; adds the response time (default: one after another)",
	  0 },
	{ "attempts", OPT_ATTEMPTS, "N", 0, "Give a busy victim up after N attempts (default 1000)",
	  0 },
	{ "patience", OPT_PATIENCE, "TIME", 0,
	  "Give it up when it has been busy for TIME (default 5s)", 0 },
	{ "hold", OPT_HOLD, "TIME,..", 0,
	  "Users stay in the victim's text for TIME; the loaded arm is measured with each (default 0)",
	  0 },
	{ "hold-cycles", OPT_HOLD_CYCLES, "N", 0,
	  "Unloads with every hold but the first (default: as --cycles)", 0 },
	{ "think", OPT_THINK, "TIME", 0,
	  "Users wait for TIME between a put and the next get (default 0)", 0 },
	{ "no-bystander", OPT_NO_BYSTANDER, 0, 0,
	  "All workers use the victim (default: of two or more, the last uses another module's object)",
	  0 },
	{ "objects", OPT_OBJECTS, "N", 0,
	  "1: all share one; percpu: one each; N: drawn from N (default 1)", 0 },
	{ "seed", OPT_SEED, "N", 0, "Of the order and the gaps (default 1)", 0 },
	{ "output", 'o', "DIR", 0, "Results directory; finished cycles in it are not run again",
	  0 },
	{ "histogram", 'H', 0, 0, "Print histograms of the time to success", 0 },
	{ "no-trace", OPT_NO_TRACE, 0, 0, "Leave the tracer out: totals only", 0 },
	{ "mechanism", OPT_MECH, "NAME", 0, "auto, kprobe or tracepoints (default auto)", 0 },
	{ "dry-run", OPT_DRY_RUN, 0, 0,
	  "Print what would be measured and how long it takes, and do nothing", 0 },
	{ "strict", OPT_STRICT, 0, 0, "Exit 2 if a validity check failed", 0 },
	{ 0 },
};

static void parse_arms(struct argp_state *state, char *arg)
{
	const char *names[2];
	char *copy = strdup(arg);
	size_t n = 0, i;
	int err = copy ? parse_names(copy, names, 2, &n) : -ENOMEM;

	if (err)
		opt_bad(state, "--arms", arg, err);
	for (i = 0; i < n; i++) {
		if (!strcmp(names[i], "idle"))
			env.arms[IDLE] = true;
		else if (!strcmp(names[i], "loaded"))
			env.arms[LOADED] = true;
		else
			argp_error(state, "no arm '%s': use idle, loaded or both with a comma",
				   names[i]);
	}
	free(copy);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	char *end;

	switch (key) {
	case 's':
		env.schemes = arg;
		break;
	case 'l':
		env.workers = opt_u64(state, "--load", arg, 0, USERS_MAX);
		break;
	case 'n':
		env.cycles = opt_u64(state, "--cycles", arg, 1, MAX_CYCLES);
		break;
	case OPT_ARMS:
		parse_arms(state, arg);
		break;
	case OPT_RATE:
		env.rate = strtod(arg, &end);
		if (end == arg || *end || !(env.rate > 0 && env.rate <= 1000))
			argp_error(state,
				   "--rate '%s': give unloads a second, over 0 and up to 1000",
				   arg);
		break;
	case OPT_ATTEMPTS:
		env.attempts = opt_u64(state, "--attempts", arg, 1, 1000000);
		break;
	case OPT_PATIENCE:
		env.patience_ns = opt_ns(state, "--patience", arg, NSEC_PER_MSEC, PATIENCE_MAX);
		break;
	case OPT_HOLD:
		env.nr_holds =
			opt_ns_list(state, "--hold", arg, REFCOST_HOLD_MAX, env.holds, MAX_HOLDS);
		break;
	case OPT_HOLD_CYCLES:
		env.hold_cycles = opt_u64(state, "--hold-cycles", arg, 1, MAX_CYCLES);
		break;
	case OPT_THINK:
		env.think_ns = opt_ns(state, "--think", arg, 0, REFCOST_HOLD_MAX);
		break;
	case OPT_NO_BYSTANDER:
		env.no_bystander = true;
		break;
	case OPT_OBJECTS:
		env.objects = opt_objects(state, arg);
		break;
	case OPT_SEED:
		env.seed = opt_u64(state, "--seed", arg, 0, UINT32_MAX);
		break;
	case 'o':
		env.output = arg;
		break;
	case 'H':
		env.histogram = true;
		break;
	case OPT_NO_TRACE:
		env.no_trace = true;
		break;
	case OPT_MECH:
		env.mech = opt_mechanism(state, arg);
		break;
	case OPT_DRY_RUN:
		env.dry_run = true;
		break;
	case OPT_STRICT:
		env.strict = true;
		break;
	case ARGP_KEY_ARG:
		argp_error(state, "does not know what to do with '%s'", arg);
		break;
	case ARGP_KEY_END:
		if (!env.arms[IDLE] && !env.arms[LOADED])
			env.arms[IDLE] = env.arms[LOADED] = true;
		env.hold_cycles = env.hold_cycles ?: env.cycles;
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
	"Load the victim, have it used, unload it by the scheme's gate and delete_module(2), and trace "
	"the system call phase by phase. Times take the suffixes ns, us, ms, s."
	"\vExamples:\n"
	"  refcost unload                            all schemes, idle and loaded, 23 unloads each\n"
	"  refcost unload -s percpu_live -l 3 -H     one scheme, three users, with histograms\n"
	"  refcost unload --hold 100us --arms loaded users that stay inside for 100 us\n"
	"  refcost unload --hold 0,1us,100us,10ms --hold-cycles 9 --patience 1s\n"
	"                                            the loaded arm with each of four holds\n"
	"  refcost unload --rate 5                   five unloads a second, as a schedule\n"
	"\nExit codes: 0 fine, 1 failed, 2 unreliable (--strict), 4 not possible here, 64 usage.\n",
	NULL,
	NULL,
	NULL,
};

/* What is measured once in each of the first @cycles blocks. */
struct cell_plan {
	const struct scheme_desc *scheme;
	enum arm_kind arm;
	uint64_t hold_ns;
	uint64_t cycles;
};

struct unloads {
	struct schemes schemes;
	struct cell_plan *cells;
	size_t nr_cells;
	struct users users;
	struct results results;
	struct json_object *section;
	FILE *cycles;
	FILE *phases;
	FILE *attempts;
	struct csv done;
	struct trace *trace;
	gsl_rng *rng;
	uint32_t hz;
	uint64_t started_ns;
	uint64_t next_ns;
	size_t finished, total;
	size_t unloaded, records, bad_sums;
	size_t starved;
	uint64_t bystander_failed;
};

#define CYCLES_HEADER                                                                              \
	"cycle,scheme,arm,workers,hold_ns,gone,attempts,errno,success_ns,gate_ns,delete_ns,"       \
	"response_ns,gap_ns,load_ns,ops,failed,spurious,stall_calm_ns,stall_unload_ns,violations," \
	"records,trace_ns,refused,bystanders,bystander_ops,bystander_failed,bystander_calm_ns,"    \
	"bystander_unload_ns,tried_ns"
#define PHASES_HEADER	"cycle,scheme,arm,index,phase,ns,off_ns,merged,hold_ns"
#define ATTEMPTS_HEADER "cycle,scheme,arm,attempt,gate_ns,delete_ns,errno,hold_ns"

/* One cycle and what is known about it so far. */
struct cycle {
	struct unloads *u;
	uint64_t number;
	const struct cell_plan *cell;
	int fd;
	uint64_t workers;
	bool bystander;
	struct unloading unloading;
	uint64_t response_ns, gap_ns, load_ns;
	uint64_t failed, spurious;
	struct refcost_load_stat stat;
	size_t records;
	uint64_t trace_ns;
};

static void on_record(const struct trace_record *rec, void *arg)
{
	struct trace_phase phases[TRACE_EVENTS];
	struct cycle *c = arg;
	uint64_t sum = 0;
	size_t n, i;

	if (rec->ret)
		return;
	n = trace_phases(rec, phases, ARRAY_SIZE(phases));
	for (i = 0; i < n; i++) {
		sum += phases[i].ns;
		fprintf(c->u->phases, "%lu,%s,%s,%d,%s,%lu,%lu,%d,%lu\n", c->number,
			c->cell->scheme->name, arm_names[c->cell->arm], phases[i].event,
			phases[i].label, (unsigned long)phases[i].ns,
			(unsigned long)phases[i].off_ns, phases[i].merged, c->cell->hold_ns);
	}
	c->trace_ns = trace_total(rec);
	c->u->bad_sums += sum != c->trace_ns;
	c->records++;
}

static void drop_record(const struct trace_record *rec, void *arg)
{
	(void)rec;
	(void)arg;
}

static void collect_records(struct cycle *c)
{
	uint64_t deadline = now_ns() + RECORD_WAIT * NSEC_PER_MSEC;
	bool gone = c->unloading.gone;

	if (!c->u->trace)
		return;
	do {
		trace_poll(c->u->trace, gone && !c->records ? 10 : 0, on_record, c);
	} while (gone && !c->records && now_ns() < deadline);
	c->u->records += c->records;
}

static uint64_t failed_gets(int fd)
{
	struct refcost_load_stat stat = { .size = sizeof(stat) };

	ioctl(fd, REFCOST_IOC_LOAD_STAT, &stat);
	return stat.failed;
}

/* A get that failed before an attempt that left the module there failed for nothing. */
static void on_attempt(const struct unloading *unloading, void *arg)
{
	struct cycle *c = arg;
	uint64_t failed = failed_gets(c->fd);

	if (!unloading->gone)
		c->spurious += failed - c->failed;
	c->failed = failed;
	fprintf(c->u->attempts, "%lu,%s,%s,%lu,%lu,%lu,%d,%lu\n", c->number, c->cell->scheme->name,
		arm_names[c->cell->arm], unloading->attempts, unloading->gate_ns,
		unloading->delete_ns, unloading->refused, c->cell->hold_ns);
}

/* The next time on the schedule, or a random number of ticks from now. */
static void wait_gap(struct cycle *c)
{
	struct unloads *u = c->u;
	uint64_t start = now_ns(), until;

	c->gap_ns = users_gap(u->rng, u->hz);
	until = start + c->gap_ns;
	if (env.rate > 0) {
		if (!u->next_ns)
			u->next_ns = start;
		until = u->next_ns;
		u->next_ns += NSEC_PER_SEC / env.rate;
	}
	sleep_until_ns(until);
	if (env.rate > 0)
		c->response_ns = until; /* turned into a duration when it is over */
}

static int use_and_unload(struct cycle *c)
{
	const struct scheme_desc *scheme = c->cell->scheme;
	struct refcost_run run = {
		.flags = c->bystander ? REFCOST_RUN_BYSTANDER : 0,
		.objects = env.objects,
		.nr_cpus = c->workers,
		.hold_ns = c->cell->hold_ns,
		.think_ns = env.think_ns,
		.seed = env.seed + c->number,
	};
	char why[128];
	int err, stopped;

	err = users_start(&c->u->users, c->fd, scheme, &run);
	if (err)
		return err == -EINTR ? EXIT_FAILED
				     : fail(EXIT_FAILED, "%s: %s", scheme->name,
					    device_why(-err, &run, why, sizeof(why)));
	wait_gap(c);
	c->failed = failed_gets(c->fd);
	err = interrupted ? -EINTR : users_unload(c->fd, c->u->rng, &c->unloading);
	if (c->response_ns)
		c->response_ns = now_ns() - c->response_ns;
	stopped = users_stop(c->fd, scheme, &c->stat);
	if (stopped || err == -EINTR)
		return EXIT_FAILED;
	if (err)
		return fail(EXIT_FAILED, "%s: cannot unload %s: %s", scheme->name, SUITE_VICTIM,
			    strerror(-err));
	return EXIT_FINE;
}

static int write_cycle(const struct cycle *c)
{
	const struct unloading *tried = &c->unloading;
	const struct refcost_load_stat *stat = &c->stat;
	struct unloads *u = c->u;
	char response[CSV_NUM_LEN] = "";

	if (c->response_ns)
		snprintf(response, sizeof(response), "%lu", c->response_ns);
	fprintf(u->cycles,
		"%lu,%s,%s,%lu,%lu,%d,%lu,%d,%lu,%lu,%lu,%s,%lu,%lu,%llu,%lu,%lu,%llu,%llu,%llu,",
		c->number, c->cell->scheme->name, arm_names[c->cell->arm], c->workers,
		c->cell->hold_ns, tried->gone, tried->attempts, tried->refused,
		tried->gone ? tried->tried_ns : 0, tried->gate_ns, tried->delete_ns, response,
		c->gap_ns, c->load_ns, stat->ops, c->failed, c->spurious, stat->stall_calm_ns,
		stat->stall_unload_ns, stat->violations);
	if (u->trace)
		fprintf(u->cycles, "%zu,%lu,", c->records, c->trace_ns);
	else
		fprintf(u->cycles, ",,");
	fprintf(u->cycles, "%llu,%d,%llu,%llu,%llu,%llu,%lu\n", stat->refused, c->bystander,
		stat->bystander_ops, stat->bystander_failed, stat->bystander_calm_ns,
		stat->bystander_unload_ns, tried->tried_ns);
	return results_check(&u->results, u->attempts) ?: results_check(&u->results, u->phases) ?:
	       results_check(&u->results, u->cycles);
}

/* An unload that gets nowhere under its users is a result; the module goes without them. */
static int give_up(struct cycle *c)
{
	char hold[48] = "", time[32];
	int err;

	if (c->cell->arm == LOADED && c->cell->hold_ns)
		snprintf(hold, sizeof(hold), ", hold %s",
			 ns_text(c->cell->hold_ns, time, sizeof(time)));
	say("%s, %s%s: starved: busy in all %lu attempts in %.2f s", c->cell->scheme->name,
	    arm_names[c->cell->arm], hold, c->unloading.attempts,
	    c->unloading.tried_ns / (double)NSEC_PER_SEC);
	c->u->starved++;
	err = users_unload_alone();
	if (!err && c->u->trace) /* not a record of this cycle: it was unloaded without users */
		trace_poll(c->u->trace, 50, drop_record, NULL);
	return err;
}

static int cycle(struct unloads *u, int fd, uint64_t number, const struct cell_plan *cell)
{
	struct cycle c = {
		.u = u,
		.number = number,
		.cell = cell,
		.fd = fd,
		.workers = cell->arm == LOADED ? u->users.workers : 0,
		.unloading = {
			.max_attempts = env.attempts,
			.patience_ns = env.patience_ns,
			.each = on_attempt,
			.arg = &c,
		},
	};
	uint64_t objects = env.objects ?: (u->users.workers ?: 1), start = now_ns();
	int err;

	c.bystander = c.workers >= 2 && !env.no_bystander;
	err = victim_load(objects);
	if (err)
		return err;
	c.load_ns = now_ns() - start;
	err = use_and_unload(&c);
	if (err)
		return err;
	collect_records(&c);
	u->unloaded += c.unloading.gone;
	u->bystander_failed += c.stat.bystander_failed;
	if (!c.unloading.gone) {
		err = give_up(&c);
		if (err)
			return err;
	}
	return write_cycle(&c);
}

static bool cycle_done(const struct unloads *u, uint64_t number, const struct cell_plan *cell)
{
	const struct csv *t = &u->done;
	int n = csv_col(t, "cycle"), s = csv_col(t, "scheme"), a = csv_col(t, "arm");
	int h = csv_col(t, "hold_ns");
	size_t i;

	for (i = 0; i < t->rows; i++)
		if ((uint64_t)csv_num(t, i, n) == number &&
		    !strcmp(csv_get(t, i, s), cell->scheme->name) &&
		    !strcmp(csv_get(t, i, a), arm_names[cell->arm]) &&
		    (uint64_t)csv_num(t, i, h) == cell->hold_ns)
			return true;
	return false;
}

static int all_cycles(struct unloads *u, int fd)
{
	uint64_t number, blocks = env.cycles > env.hold_cycles ? env.cycles : env.hold_cycles;
	gsl_rng *rng = order_begin(env.seed); /* of its own: the gaps must not change the order */
	size_t order[u->nr_cells], i;
	int err = EXIT_FINE;

	u->started_ns = now_ns();
	for (number = 0; number < blocks && !err; number++) {
		order_draw(rng, order, u->nr_cells);
		for (i = 0; i < u->nr_cells && !err; i++) {
			const struct cell_plan *cell = &u->cells[order[i]];

			if (number >= cell->cycles)
				continue;
			if (interrupted)
				err = EXIT_FAILED;
			else if (!cycle_done(u, number, cell))
				err = cycle(u, fd, number, cell);
			else
				progress_skip(1);
			if (!err)
				progress("unload", ++u->finished, u->total, u->started_ns);
		}
	}
	gsl_rng_free(rng);
	return err;
}

static struct json_object *plan_json(const struct unloads *u)
{
	struct json_object *o = json_object_new_object(), *list = json_object_new_array();
	size_t i;

	for (i = 0; i < u->schemes.n; i++)
		json_object_array_add(list, json_object_new_string(u->schemes.v[i].name));
	json_object_object_add(o, "schemes", list);
	list = json_object_new_array();
	for (i = 0; i < 2; i++)
		if (env.arms[i])
			json_object_array_add(list, json_object_new_string(arm_names[i]));
	json_object_object_add(o, "arms", list);
	list = json_object_new_array();
	for (i = 0; i < env.nr_holds; i++)
		json_object_array_add(list, json_object_new_int64(env.holds[i]));
	json_object_object_add(o, "holds", list);
	json_object_object_add(o, "workers", json_object_new_int64(u->users.workers));
	json_object_object_add(o, "think_ns", json_object_new_int64(env.think_ns));
	json_object_object_add(o, "bystander", json_object_new_boolean(!env.no_bystander));
	json_object_object_add(o, "cycles", json_object_new_int64(env.cycles));
	json_object_object_add(o, "hold_cycles", json_object_new_int64(env.hold_cycles));
	json_object_object_add(o, "attempts", json_object_new_int64(env.attempts));
	json_object_object_add(o, "patience_ns", json_object_new_int64(env.patience_ns));
	json_object_object_add(o, "objects", json_object_new_int64(env.objects));
	json_object_object_add(o, "rate", json_object_new_double(env.rate));
	json_object_object_add(o, "seed", json_object_new_int64(env.seed));
	return o;
}

/* What the tracer says about itself: which mechanism served each boundary, and all it may have missed. */
static void trace_validity(struct unloads *u)
{
	struct json_object *o = json_object_object_get(u->section, "trace"), *list;
	struct trace_counts n = { 0 };
	struct trace_boundary b;
	int i;

	if (!o) {
		o = json_object_new_object();
		json_object_object_add(u->section, "trace", o);
	}
	results_add(o, "unloads", u->unloaded);
	if (!u->trace)
		return;
	trace_counts(u->trace, &n);
	results_add(o, "records", u->records);
	results_add(o, "sums_wrong", u->bad_sums);
	results_add(o, "entries", n.entries);
	results_add(o, "exits", n.exits);
	results_add(o, "dropped", n.dropped);
	results_add(o, "lost", n.lost);
	results_add(o, "missed", n.missed);
	results_add(o, "unmatched", n.unmatched);
	results_add(o, "probe_entries", n.probe_entries);
	results_add(o, "probe_exits", n.probe_exits);
	list = json_object_new_object();
	for (i = 0; trace_boundary(u->trace, TRACE_UNLOAD, i, &b); i++)
		json_object_object_add(list, b.label, json_object_new_string(b.mechanism));
	json_object_object_add(o, "mechanisms", list);
}

static bool trace_sound(const struct unloads *u)
{
	struct trace_counts n = { 0 };

	if (!u->trace)
		return true;
	trace_counts(u->trace, &n);
	return u->records == u->unloaded && !u->bad_sums && n.entries == n.exits && !n.dropped &&
	       !n.lost && !n.missed && n.probe_entries == n.probe_exits;
}

/* What should not be, or should be known, where there is any. */
static void print_validity(const struct unloads *u)
{
	struct trace_counts n = { 0 };

	if (u->trace) {
		trace_counts(u->trace, &n);
		printf("%zu unloads, %zu records, %zu sums wrong; entries %lu, exits %lu, dropped %lu, "
		       "lost %lu, missed %lu",
		       u->unloaded, u->records, u->bad_sums, (unsigned long)n.entries,
		       (unsigned long)n.exits, (unsigned long)n.dropped, (unsigned long)n.lost,
		       (unsigned long)n.missed);
	} else {
		printf("not traced");
	}
	if (u->starved)
		printf("; %zu starved", u->starved);
	if (u->bystander_failed)
		printf("; %lu lookups of bystanders failed", u->bystander_failed);
	putchar('\n');
}

static void print_histograms(const struct model *m)
{
	size_t i, k;

	for (i = 0; i < m->nr_arms; i++) {
		const struct arm *a = &m->arms[i];
		char hold[32];
		static struct hist h;

		memset(&h, 0, sizeof(h));
		for (k = 0; k < a->success_ms.n; k++)
			hist_add(&h, a->success_ms.v[k] * 1e3);
		printf("\n%s, %s, hold %s, time to success:\n", a->scheme, a->arm,
		       ns_text(a->hold_ns, hold, sizeof(hold)));
		hist_print(&h, stdout, "us", false);
	}
}

static int finish(struct unloads *u, int err)
{
	struct model m;

	trace_validity(u);
	results_add(u->section, "starved", u->starved);
	results_add(u->section, "bystander_failed", u->bystander_failed);
	json_object_object_add(u->section, "status",
			       json_object_new_string(err ? "partial" : "complete"));
	if (results_save(&u->results))
		return EXIT_FAILED;
	if (interrupted)
		say("interrupted after %zu of %zu unloads%s%s", u->finished, u->total,
		    u->results.temporary ? ""
					 : "; kept, marked partial; the same command goes on in ",
		    u->results.temporary ? "" : u->results.dir);
	if (!model_read(&m, u->results.dir)) {
		model_print_unload(&m, stdout);
		if (env.histogram)
			print_histograms(&m);
		model_free(&m);
	}
	print_validity(u);
	if (!err && env.strict && !trace_sound(u))
		return fail(EXIT_UNRELIABLE, "the trace is not sound: unreliable");
	if (!err && env.strict && u->bystander_failed)
		return fail(EXIT_UNRELIABLE, "lookups of an object that stays failed: unreliable");
	return err;
}

static int open_output(struct unloads *u)
{
	int err;

	err = results_open(&u->results, env.output);
	if (err)
		return err;
	u->section = results_section(&u->results, "unload", plan_json(u));
	if (!u->section)
		return EXIT_FAILED;
	u->cycles = results_csv(&u->results, "unload.csv", CYCLES_HEADER);
	u->phases = u->cycles ? results_csv(&u->results, "phases.csv", PHASES_HEADER) : NULL;
	u->attempts = u->phases ? results_csv(&u->results, "attempts.csv", ATTEMPTS_HEADER) : NULL;
	if (!u->attempts)
		return EXIT_FAILED;
	err = resume_done(&u->results, "unload.csv", &u->done);
	err = err ?: resume_trim(&u->results, "phases.csv", &u->done);
	err = err ?: resume_trim(&u->results, "attempts.csv", &u->done);
	return err ?: results_save(&u->results);
}

/* A kernel without BTF, or a build without clang, still measures totals. */
static int open_trace(struct unloads *u)
{
	struct trace_opts opts = { .module = SUITE_VICTIM, .mech = env.mech };
	char why[256];

	if (env.no_trace)
		return EXIT_FINE;
	quiet_begin();
	u->trace = trace_open(&opts, why, sizeof(why));
	quiet_end();
	if (!u->trace) {
		if (errno != ENOTSUP)
			return fail(EXIT_FAILED, "%s", why);
		say("no phases: %s", why);
	}
	return EXIT_FINE;
}

static void close_trace(struct unloads *u)
{
	if (!u->trace)
		return;
	quiet_begin();
	trace_close(u->trace);
	quiet_end();
}

static int load_and_measure(struct unloads *u)
{
	struct refcost_info info;
	int err, fd, unload;

	err = bench_load();
	if (err)
		return err;
	fd = device_open(&info);
	if (fd < 0) {
		err = EXIT_FAILED;
	} else {
		u->hz = info.hz;
		err = open_trace(u);
		err = err ?: all_cycles(u, fd);
	}
	if (fd >= 0)
		close(fd);
	unload = suite_unload();
	return err ?: unload;
}

static void plan_cell(struct unloads *u, const struct scheme_desc *scheme, enum arm_kind arm,
		      size_t hold)
{
	uint64_t cycles = hold ? env.hold_cycles : env.cycles;

	u->cells[u->nr_cells++] = (struct cell_plan){ scheme, arm, env.holds[hold], cycles };
	u->total += cycles;
}

/* Where nobody is inside, how long one stays makes no difference: the idle arm has one cell. */
static int plan(struct unloads *u)
{
	size_t s, h;
	int err;

	err = schemes_read(&u->schemes);
	err = err ?: schemes_select(&u->schemes, env.schemes, false);
	err = err ?: users_plan(&u->users, env.workers);
	if (err)
		return err;
	u->cells = calloc(u->schemes.n * (1 + env.nr_holds), sizeof(*u->cells));
	if (!u->cells)
		return fail(EXIT_FAILED, "out of memory");
	for (s = 0; s < u->schemes.n; s++) {
		if (env.arms[IDLE])
			plan_cell(u, &u->schemes.v[s], IDLE, 0);
		for (h = 0; env.arms[LOADED] && h < env.nr_holds; h++)
			plan_cell(u, &u->schemes.v[s], LOADED, h);
	}
	return EXIT_FINE;
}

/* How long an unload of this cell takes, ms, its gap and loading the victim included. */
static double cell_ms(const struct cell_plan *cell)
{
	const struct pace *pace = dry_run_pace();
	double ms = cell->arm == LOADED ? pace->loaded : pace->idle;

	return env.rate > 0 ? fmax(ms, 1e3 / env.rate) : ms;
}

static int dry_run(struct unloads *u)
{
	struct dry_run d = { .what = "unloads",
			     .worst = "users starve every unload",
			     .seed = env.seed };
	gsl_rng *rng = order_begin(env.seed);
	size_t order[u->nr_cells], i;
	int err = dry_run_look(env.output, "unload", plan_json(u), "unload.csv", &u->done);

	order_draw(rng, order, u->nr_cells);
	for (i = 0; i < u->nr_cells && !err; i++) {
		const struct cell_plan *c = &u->cells[order[i]];
		double ms = cell_ms(c), most = ms;
		char name[128], hold[32];
		uint64_t number, done = 0;

		for (number = 0; number < c->cycles; number++)
			done += cycle_done(u, number, c);
		if (c->arm == LOADED)
			most += env.patience_ns / (double)NSEC_PER_MSEC;
		snprintf(name, sizeof(name), "%s, %s, hold %s", c->scheme->name, arm_names[c->arm],
			 ns_text(c->hold_ns, hold, sizeof(hold)));
		dry_run_cell(&d, name, c->cycles, done, ms, most);
	}
	d.ms += env.no_trace ? 0 : dry_run_pace()->attach;
	if (!err)
		dry_run_end(&d);
	gsl_rng_free(rng);
	csv_free(&u->done);
	return err;
}

int cmd_unload(int argc, char **argv)
{
	static struct unloads u;
	int err;

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	err = plan(&u);
	if (!err && env.dry_run) {
		err = dry_run(&u);
		goto out;
	}
	err = err ?: need_root("unload");
	if (err)
		goto out;
	u.rng = order_begin(env.seed);
	err = open_output(&u);
	if (!err) {
		err = load_and_measure(&u);
		err = finish(&u, err);
	}
	close_trace(&u);
	if (u.cycles)
		fclose(u.cycles);
	if (u.phases)
		fclose(u.phases);
	if (u.attempts)
		fclose(u.attempts);
	csv_free(&u.done);
	gsl_rng_free(u.rng);
	results_close(&u.results);
out:
	free(u.cells);
	schemes_free(&u.schemes);
	return err;
}
