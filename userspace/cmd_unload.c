// SPDX-License-Identifier: GPL-2.0
/*
 * refcost unload: what it costs to get rid of a module, idle and while others use it.
 *
 * A cycle loads the victim, starts the users, waits for a random while (grace periods are locked to
 * ticks), and then does what rmmod would: the scheme's gate, then delete_module(2), again and again
 * while it is busy. Blocks are randomised as in refcost run.
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
#include "hist.h"
#include "model.h"
#include "options.h"
#include "parse.h"
#include "quiet.h"
#include "refcost.h"
#include "results.h"
#include "suite.h"
#include "topo.h"
#include "trace.h"

#define MAX_CPUS      4096
#define GAP_TICKS_MIN 2
#define GAP_TICKS_MAX 6
#define PAUSE_MAX_NS  200000
#define RECORD_WAIT   200 /* ms */

static struct env {
	const char *schemes;
	const char *output;
	uint64_t workers;
	bool workers_given;
	bool arms[2];
	uint64_t cycles;
	uint64_t attempts;
	uint64_t hold_ns;
	uint64_t objects;
	uint64_t seed;
	double rate;
	bool no_trace;
	bool histogram;
	bool strict;
	enum trace_mech mech;
} env = {
	.cycles = 23,
	.attempts = 1000,
	.objects = 1,
	.seed = 1,
};

static const char *const arm_names[] = { "idle", "loaded" };

enum {
	OPT_HOLD = 256,
	OPT_OBJECTS,
	OPT_SEED,
	OPT_STRICT,
	OPT_RATE,
	OPT_ATTEMPTS,
	OPT_ARMS,
	OPT_NO_TRACE,
	OPT_MECH,
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
	{ "hold", OPT_HOLD, "TIME", 0, "Users stay in the victim's text for TIME (default 0)", 0 },
	{ "objects", OPT_OBJECTS, "N", 0,
	  "1: all share one; percpu: one each; N: drawn from N (default 1)", 0 },
	{ "seed", OPT_SEED, "N", 0, "Of the order and the gaps (default 1)", 0 },
	{ "output", 'o', "DIR", 0, "Results directory; finished cycles in it are not run again",
	  0 },
	{ "histogram", 'H', 0, 0, "Print histograms of the time to success", 0 },
	{ "no-trace", OPT_NO_TRACE, 0, 0, "Leave the tracer out: totals only", 0 },
	{ "mechanism", OPT_MECH, "NAME", 0, "auto, kprobe or tracepoints (default auto)", 0 },
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
			env.arms[0] = true;
		else if (!strcmp(names[i], "loaded"))
			env.arms[1] = true;
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
		env.workers_given = true;
		env.workers = opt_u64(state, "--load", arg, 0, MAX_CPUS);
		break;
	case 'n':
		env.cycles = opt_u64(state, "--cycles", arg, 1, 100000);
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
	case OPT_HOLD:
		env.hold_ns = opt_ns(state, "--hold", arg, 0, REFCOST_HOLD_MAX);
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
		if (!strcmp(arg, "auto"))
			env.mech = TRACE_AUTO;
		else if (!strcmp(arg, "kprobe"))
			env.mech = TRACE_KPROBE;
		else if (!strcmp(arg, "tracepoints"))
			env.mech = TRACE_TRACEPOINTS;
		else
			argp_error(state, "no mechanism '%s': use auto, kprobe or tracepoints",
				   arg);
		break;
	case OPT_STRICT:
		env.strict = true;
		break;
	case ARGP_KEY_ARG:
		argp_error(state, "does not know what to do with '%s'", arg);
		break;
	case ARGP_KEY_END:
		if (!env.arms[0] && !env.arms[1])
			env.arms[0] = env.arms[1] = true;
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
	"  refcost unload --rate 5                   five unloads a second, as a schedule\n"
	"\nExit codes: 0 fine, 1 failed, 2 unreliable (--strict), 4 not possible here, 64 usage.\n",
	NULL,
	NULL,
	NULL,
};

struct unloads {
	struct schemes schemes;
	uint32_t cpus[MAX_CPUS];
	size_t nr_cpus;
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
};

#define CYCLES_HEADER                                                                              \
	"cycle,scheme,arm,workers,hold_ns,gone,attempts,errno,success_ns,gate_ns,delete_ns,"       \
	"response_ns,gap_ns,load_ns,ops,failed,spurious,stall_calm_ns,stall_unload_ns,violations," \
	"records,trace_ns"
#define PHASES_HEADER	"cycle,scheme,arm,index,phase,ns,off_ns,merged"
#define ATTEMPTS_HEADER "cycle,scheme,arm,attempt,gate_ns,delete_ns,errno"

/* One cycle and what is known about it so far. */
struct cycle {
	struct unloads *u;
	uint64_t number;
	const struct scheme_desc *scheme;
	int arm;
	uint64_t workers;
	uint64_t attempts;
	int last_errno;
	bool gone;
	uint64_t first_ns, success_ns, gate_ns, delete_ns, response_ns, gap_ns, load_ns;
	uint64_t failed, spurious;
	struct refcost_load_stat stat;
	size_t records;
	uint64_t trace_ns;
};

static void on_record(const struct unload_record *rec, void *arg)
{
	struct trace_phase phases[EV_NR];
	struct cycle *c = arg;
	uint64_t sum = 0;
	size_t n, i;

	if (rec->ret)
		return;
	n = trace_phases(rec, phases, ARRAY_SIZE(phases));
	for (i = 0; i < n; i++) {
		sum += phases[i].ns;
		fprintf(c->u->phases, "%lu,%s,%s,%d,%s,%lu,%lu,%d\n", c->number, c->scheme->name,
			arm_names[c->arm], phases[i].event, phases[i].label,
			(unsigned long)phases[i].ns, (unsigned long)phases[i].off_ns,
			phases[i].merged);
	}
	c->trace_ns = rec->ts[EV_NR - 1] - rec->ts[0];
	c->u->bad_sums += sum != c->trace_ns;
	c->records++;
}

static void drop_record(const struct unload_record *rec, void *arg)
{
	(void)rec;
	(void)arg;
}

static void collect_records(struct cycle *c)
{
	uint64_t deadline = now_ns() + RECORD_WAIT * NSEC_PER_MSEC;

	if (!c->u->trace)
		return;
	do {
		trace_poll(c->u->trace, c->gone && !c->records ? 10 : 0, on_record, c);
	} while (c->gone && !c->records && now_ns() < deadline);
	c->u->records += c->records;
}

/* Gate and delete_module(2), once. */
static int attempt(struct cycle *c, int fd)
{
	struct refcost_gate gate = { .size = sizeof(gate) };
	uint64_t start;
	int err = 0;

	if (ioctl(fd, REFCOST_IOC_GATE, &gate))
		return -errno;
	c->gate_ns = gate.ns;
	c->delete_ns = 0;
	if (gate.busy) {
		err = -gate.busy;
	} else {
		start = now_ns();
		err = module_delete(SUITE_VICTIM);
		c->delete_ns = now_ns() - start;
		if (err)
			ioctl(fd, REFCOST_IOC_UNGATE);
	}
	c->last_errno = -err;
	fprintf(c->u->attempts, "%lu,%s,%s,%lu,%lu,%lu,%d\n", c->number, c->scheme->name,
		arm_names[c->arm], c->attempts, c->gate_ns, c->delete_ns, c->last_errno);
	return err;
}

static uint64_t failed_gets(int fd)
{
	struct refcost_load_stat stat = { .size = sizeof(stat) };

	ioctl(fd, REFCOST_IOC_LOAD_STAT, &stat);
	return stat.failed;
}

/* Until it is gone, or has been busy too often; -EINTR and real errors end it at once. */
static int attempt_until_gone(struct cycle *c, int fd)
{
	uint64_t failed = failed_gets(fd), now_failed;
	int err;

	c->first_ns = now_ns();
	for (c->attempts = 1;; c->attempts++) {
		err = attempt(c, fd);
		if (!err) {
			c->gone = true;
			c->success_ns = now_ns() - c->first_ns;
			c->failed = failed_gets(fd);
			return 0;
		}
		if (err != -EWOULDBLOCK && err != -EBUSY)
			return err;
		now_failed = failed_gets(fd);
		c->spurious += now_failed - failed;
		failed = now_failed;
		if (interrupted)
			return -EINTR;
		if (c->attempts == env.attempts)
			return 0;
		sleep_until_ns(now_ns() + gsl_rng_uniform_int(c->u->rng, PAUSE_MAX_NS));
	}
}

/* The next time on the schedule, or a random number of ticks from now. */
static void wait_gap(struct cycle *c)
{
	struct unloads *u = c->u;
	uint64_t tick = NSEC_PER_SEC / u->hz, start = now_ns(), until;

	c->gap_ns = tick * GAP_TICKS_MIN +
		    gsl_rng_uniform(u->rng) * tick * (GAP_TICKS_MAX - GAP_TICKS_MIN);
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

static int use_and_unload(struct cycle *c, int fd)
{
	struct refcost_run run = {
		.size = sizeof(run),
		.mode = REFCOST_LOOKUP,
		.objects = env.objects,
		.nr_cpus = c->workers,
		/* the first CPU is left to the unloading task */
		.cpus = (uintptr_t)(c->u->cpus + (c->workers < c->u->nr_cpus)),
		.hold_ns = env.hold_ns,
		.seed = env.seed + c->number,
	};
	char why[128];
	int err;

	snprintf(run.scheme, sizeof(run.scheme), "%s", c->scheme->name);
	if (ioctl(fd, REFCOST_IOC_LOAD_START, &run))
		return errno == EINTR ? EXIT_FAILED
				      : fail(EXIT_FAILED, "%s: %s", c->scheme->name,
					     device_why(errno, &run, why, sizeof(why)));
	wait_gap(c);
	err = interrupted ? -EINTR : attempt_until_gone(c, fd);
	if (c->response_ns)
		c->response_ns = now_ns() - c->response_ns;
	c->stat.size = sizeof(c->stat);
	if (ioctl(fd, REFCOST_IOC_LOAD_STOP, &c->stat))
		return fail(EXIT_FAILED, "%s: %s: %lld references left over", c->scheme->name,
			    strerror(errno), c->stat.balance);
	if (c->stat.stopped_cpu >= 0)
		return fail(EXIT_FAILED, "CPU %d went offline during the load",
			    c->stat.stopped_cpu);
	if (c->stat.violations)
		return fail(EXIT_FAILED,
			    "%s: %llu calls into a module that was given up: it is not safe",
			    c->scheme->name, c->stat.violations);
	if (err == -EINTR)
		return EXIT_FAILED;
	if (err)
		return fail(EXIT_FAILED, "%s: cannot unload %s: %s", c->scheme->name, SUITE_VICTIM,
			    strerror(-err));
	return EXIT_FINE;
}

static int write_cycle(const struct cycle *c)
{
	struct unloads *u = c->u;
	char response[CSV_NUM_LEN] = "";

	if (c->response_ns)
		snprintf(response, sizeof(response), "%lu", c->response_ns);
	fprintf(u->cycles,
		"%lu,%s,%s,%lu,%lu,%d,%lu,%d,%lu,%lu,%lu,%s,%lu,%lu,%lu,%lu,%lu,%llu,%llu,%llu,",
		c->number, c->scheme->name, arm_names[c->arm], c->workers, env.hold_ns, c->gone,
		c->attempts, c->last_errno, c->success_ns, c->gate_ns, c->delete_ns, response,
		c->gap_ns, c->load_ns, (uint64_t)c->stat.ops, c->failed, c->spurious,
		c->stat.stall_calm_ns, c->stat.stall_unload_ns, c->stat.violations);
	if (u->trace)
		fprintf(u->cycles, "%zu,%lu\n", c->records, c->trace_ns);
	else
		fprintf(u->cycles, ",\n");
	return results_check(&u->results, u->attempts) ?: results_check(&u->results, u->phases) ?:
	       results_check(&u->results, u->cycles);
}

static int cycle(struct unloads *u, int fd, uint64_t number, const struct scheme_desc *scheme,
		 int arm)
{
	struct cycle c = {
		.u = u,
		.number = number,
		.scheme = scheme,
		.arm = arm,
		.workers = arm ? env.workers : 0,
	};
	uint64_t objects = env.objects ?: (env.workers ?: 1), start = now_ns();
	int err;

	err = victim_load(objects);
	if (err)
		return err;
	c.load_ns = now_ns() - start;
	err = use_and_unload(&c, fd);
	if (err)
		return err;
	collect_records(&c);
	u->unloaded += c.gone;
	if (!c.gone) {
		say("%s, %s: busy in all %lu attempts; reported so", scheme->name, arm_names[arm],
		    c.attempts);
		err = module_delete(SUITE_VICTIM);
		if (err)
			return fail(EXIT_FAILED, "%s stays loaded: %s", SUITE_VICTIM,
				    strerror(-err));
		if (u->trace) /* not a record of this cycle: it was unloaded without users */
			trace_poll(u->trace, 50, drop_record, NULL);
	}
	return write_cycle(&c);
}

static bool cycle_done(const struct unloads *u, uint64_t number, const char *scheme, int arm)
{
	const struct csv *t = &u->done;
	int n = csv_col(t, "cycle"), s = csv_col(t, "scheme"), a = csv_col(t, "arm");
	size_t i;

	for (i = 0; i < t->rows; i++)
		if ((uint64_t)csv_num(t, i, n) == number && !strcmp(csv_get(t, i, s), scheme) &&
		    !strcmp(csv_get(t, i, a), arm_names[arm]))
			return true;
	return false;
}

static int all_cycles(struct unloads *u, int fd)
{
	size_t cells = u->schemes.n * 2, order[cells], i;
	int err = EXIT_FINE;
	uint64_t number;

	u->started_ns = now_ns();
	for (number = 0; number < env.cycles; number++) {
		for (i = 0; i < cells; i++)
			order[i] = i;
		gsl_ran_shuffle(u->rng, order, cells, sizeof(order[0]));
		for (i = 0; i < cells && !err; i++) {
			const struct scheme_desc *scheme = &u->schemes.v[order[i] / 2];
			int arm = order[i] % 2;

			if (!env.arms[arm])
				continue;
			if (interrupted)
				err = EXIT_FAILED;
			else if (!cycle_done(u, number, scheme->name, arm))
				err = cycle(u, fd, number, scheme, arm);
			if (!err)
				progress("unload", ++u->finished, u->total, u->started_ns);
		}
		if (err)
			return err;
	}
	return EXIT_FINE;
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
	json_object_object_add(o, "workers", json_object_new_int64(env.workers));
	json_object_object_add(o, "cycles", json_object_new_int64(env.cycles));
	json_object_object_add(o, "attempts", json_object_new_int64(env.attempts));
	json_object_object_add(o, "hold_ns", json_object_new_int64(env.hold_ns));
	json_object_object_add(o, "objects", json_object_new_int64(env.objects));
	json_object_object_add(o, "rate", json_object_new_double(env.rate));
	json_object_object_add(o, "seed", json_object_new_int64(env.seed));
	return o;
}

static void add_count(struct json_object *o, const char *key, uint64_t n)
{
	uint64_t old = json_object_get_int64(json_object_object_get(o, key));

	json_object_object_add(o, key, json_object_new_int64(old + n));
}

/* What the tracer says about itself: which mechanism served each boundary, and all it may have missed. */
static void trace_validity(struct unloads *u)
{
	struct json_object *o = json_object_object_get(u->section, "trace"), *list;
	struct trace_counts n = { 0 };
	int i;

	if (!o) {
		o = json_object_new_object();
		json_object_object_add(u->section, "trace", o);
	}
	add_count(o, "unloads", u->unloaded);
	if (!u->trace)
		return;
	trace_counts(u->trace, &n);
	add_count(o, "records", u->records);
	add_count(o, "sums_wrong", u->bad_sums);
	add_count(o, "entries", n.entries);
	add_count(o, "exits", n.exits);
	add_count(o, "dropped", n.dropped);
	add_count(o, "lost", n.lost);
	add_count(o, "missed", n.missed);
	add_count(o, "unmatched", n.unmatched);
	add_count(o, "probe_entries", n.probe_entries);
	add_count(o, "probe_exits", n.probe_exits);
	list = json_object_new_object();
	for (i = 0; i < EV_NR; i++)
		json_object_object_add(list, trace_boundary_name(i),
				       json_object_new_string(trace_mechanism(u->trace, i)));
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

static void print_validity(const struct unloads *u)
{
	struct trace_counts n = { 0 };

	if (!u->trace) {
		printf("not traced\n");
		return;
	}
	trace_counts(u->trace, &n);
	printf("%zu unloads, %zu records, %zu sums wrong; entries %lu, exits %lu, dropped %lu, lost %lu, "
	       "missed %lu\n",
	       u->unloaded, u->records, u->bad_sums, (unsigned long)n.entries,
	       (unsigned long)n.exits, (unsigned long)n.dropped, (unsigned long)n.lost,
	       (unsigned long)n.missed);
}

static void print_histograms(const struct model *m)
{
	size_t i, k;

	for (i = 0; i < m->nr_arms; i++) {
		const struct arm *a = &m->arms[i];
		static struct hist h;

		memset(&h, 0, sizeof(h));
		for (k = 0; k < a->success_ms.n; k++)
			hist_add(&h, a->success_ms.v[k] * 1e3);
		printf("\n%s, %s, time to success:\n", a->scheme, a->arm);
		hist_print(&h, stdout, "us", false);
	}
}

static int finish(struct unloads *u, int err)
{
	struct model m;

	trace_validity(u);
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
	return err;
}

static int open_output(struct unloads *u)
{
	char path[PATH_MAX + 32];
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
	snprintf(path, sizeof(path), "%s/unload.csv", u->results.dir);
	if (csv_read(path, &u->done))
		return fail(EXIT_FAILED, "cannot read %s back", path);
	return results_save(&u->results);
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

	err = suite_load(1);
	if (err)
		return err;
	/* cycles load their own victim */
	err = module_delete(SUITE_VICTIM);
	fd = device_open(&info);
	if (err || fd < 0) {
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

static int plan(struct unloads *u)
{
	int err;

	err = schemes_read(&u->schemes);
	err = err ?: schemes_select(&u->schemes, env.schemes, false);
	if (err)
		return err;
	u->nr_cpus = topo_cpus(u->cpus, MAX_CPUS);
	if (!u->nr_cpus)
		return fail(EXIT_FAILED, "cannot read the CPU topology");
	if (!env.workers_given)
		env.workers = u->nr_cpus > 1 ? u->nr_cpus - 1 : 1;
	if (env.workers > u->nr_cpus)
		return fail(EXIT_USAGE, "--load %lu: only %zu CPUs are online", env.workers,
			    u->nr_cpus);
	u->total = u->schemes.n * (env.arms[0] + env.arms[1]) * env.cycles;
	return EXIT_FINE;
}

int cmd_unload(int argc, char **argv)
{
	static struct unloads u;
	int err;

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	err = plan(&u);
	err = err ?: need_root("unload");
	if (err)
		goto out;
	u.rng = gsl_rng_alloc(gsl_rng_mt19937);
	gsl_rng_set(u.rng, env.seed);
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
	schemes_free(&u.schemes);
	return err;
}
