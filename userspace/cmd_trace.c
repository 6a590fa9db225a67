// SPDX-License-Identifier: GPL-2.0
/*
 * refcost trace: every delete_module(2) on the machine, phase by phase; loads as well if asked for.
 *
 * A command to run is made before the tracer, which has to know whose calls to report, and let go
 * when everything is attached. Standard output is what was asked for; mechanisms, warnings and the
 * account of what may be missing go to standard error.
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/options.h"
#include "base/refcost.h"
#include "machine/module.h"
#include "machine/quiet.h"
#include "refs/watch.h"
#include "trace/child.h"
#include "trace/options.h"
#include "trace/out.h"

#define MAX_SECONDS 10000000
#define POLL_MS	    1000
#define GRACE_NS    (2 * NSEC_PER_SEC) /* for a command, once it was told to end */

enum format { TABLE, CSV, JSON };

static struct env {
	const char *module;
	const char *output;
	const char *tag;
	uint64_t seconds;
	uint64_t count;
	uint64_t pid;
	bool loads;
	bool timestamps;
	bool verbose;
	bool histogram;
	bool stacks;
	bool strict;
	bool refs;
	uint64_t top;
	uint64_t rows;
	enum format format;
	enum trace_mech mech;
	char **command;
} env = { .top = 10, .rows = REFS_ROWS };

enum {
	OPT_LOAD = 256,
	OPT_CSV,
	OPT_JSON,
	OPT_TAG,
	OPT_STACKS,
	OPT_MECH,
	OPT_STRICT,
	OPT_REFS,
	OPT_TOP,
	OPT_ROWS
};

static const struct argp_option options[] = {
	{ "load", OPT_LOAD, 0, 0, "Trace loads, too: finit_module(2) and init_module(2)", 0 },
	{ "module", 'm', "NAME", 0,
	  "Calls on this module only; of loads, those that come far enough to know its name", 0 },
	{ "pid", 'p', "PID", 0, "Calls by this process only", 0 },
	{ "duration", 'd', "SECONDS", 0, "End after that time", 0 },
	{ "count", 'n', "COUNT", 0, "End after that many calls", 0 },
	{ "timestamps", 'T', 0, 0, "Say when each call began", 0 },
	{ "stacks", OPT_STACKS, 0, 0,
	  "Say where each phase slept longest, and what it waited for (phases that slept for 1 % of the "
	  "call; --csv and --json have all)",
	  0 },
	{ "histogram", 'H', 0, 0, "A histogram for each module at the end", 0 },
	{ "csv", OPT_CSV, 0, 0, "A row a phase, and no summary", 0 },
	{ "json", OPT_JSON, 0, 0, "An object a line for each call, the summary last", 0 },
	{ "tag", OPT_TAG, "TEXT", 0, "Copy TEXT into every row of CSV and JSON", 0 },
	{ "output", 'o', "FILE", 0, "Write CSV to FILE as well; what is in it is lost", 0 },
	{ "mechanism", OPT_MECH, "NAME", 0, "auto, kprobe or tracepoints (default auto)", 0 },
	{ "verbose", 'v', 0, 0,
	  "Say how each phase's end is watched, and, if kernel.bpf_stats_enabled is 1, what the programs "
	  "cost",
	  0 },
	{ "strict", OPT_STRICT, 0, 0, "Exit 2 if anything may be missing", 0 },
	{ "refs", OPT_REFS, 0, 0,
	  "Instead, count references taken on the module and given back by whomever, by call site and thread",
	  0 },
	{ "top", OPT_TOP, "N", 0, "--refs: rows of a table (default 10)", 0 },
	{ "rows", OPT_ROWS, "N", 0,
	  "--refs: room for N pairs of call site and thread (default 8192)", 0 },
	{ 0 },
};

static void check_refs(struct argp_state *state)
{
	const char *foreign = env.pid	       ? "--pid"
			      : env.loads      ? "--load"
			      : env.count      ? "--count"
			      : env.timestamps ? "--timestamps"
			      : env.stacks     ? "--stacks"
			      : env.histogram  ? "--histogram"
			      : env.mech       ? "--mechanism"
					       : NULL;

	if (!env.module)
		argp_error(state, "--refs needs a module: -m NAME");
	if (foreign)
		argp_error(state, "%s does not go with --refs, which counts what everybody does",
			   foreign);
}

static void check(struct argp_state *state)
{
	if (env.refs)
		check_refs(state);
	else if (env.top != 10 || env.rows != REFS_ROWS)
		argp_error(state, "--top and --rows are for --refs");
	if (env.command && env.pid)
		argp_error(state,
			   "--pid does not go with a command, whose process is the one meant");
	if (env.format != TABLE && env.histogram)
		argp_error(state, "--histogram is printed with tables only");
	if (env.tag && env.format == TABLE && !env.output)
		argp_error(state, "--tag is for --csv, --json and --output");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case OPT_LOAD:
		env.loads = true;
		break;
	case 'm':
		env.module = arg;
		break;
	case 'p':
		env.pid = opt_u64(state, "--pid", arg, 1, INT32_MAX);
		break;
	case 'd':
		env.seconds = opt_u64(state, "--duration", arg, 1, MAX_SECONDS);
		break;
	case 'n':
		env.count = opt_u64(state, "--count", arg, 1, UINT32_MAX);
		break;
	case 'T':
		env.timestamps = true;
		break;
	case OPT_STACKS:
		env.stacks = true;
		break;
	case 'H':
		env.histogram = true;
		break;
	case OPT_CSV:
	case OPT_JSON:
		if (env.format != TABLE && env.format != (key == OPT_CSV ? CSV : JSON))
			argp_error(state, "use --csv or --json, not both");
		env.format = key == OPT_CSV ? CSV : JSON;
		break;
	case OPT_TAG:
		env.tag = arg;
		break;
	case 'o':
		env.output = arg;
		break;
	case OPT_MECH:
		env.mech = opt_mechanism(state, arg);
		break;
	case 'v':
		env.verbose = true;
		break;
	case OPT_STRICT:
		env.strict = true;
		break;
	case OPT_REFS:
		env.refs = true;
		break;
	case OPT_TOP:
		env.top = opt_u64(state, "--top", arg, 1, 1000000);
		break;
	case OPT_ROWS:
		env.rows = opt_u64(state, "--rows", arg, 1, 1 << 20);
		break;
	case ARGP_KEY_ARGS:
		env.command = state->argv + state->next;
		break;
	case ARGP_KEY_END:
		check(state);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp argp = {
	options,
	parse,
	"[-- COMMAND [ARG...]]",
	"Trace delete_module(2), and with --load also finit_module(2) and init_module(2): a row for every "
	"call on this machine, with what it came to and where the time went, and a summary of each "
	"module. Until Ctrl-C or SIGTERM, or for as long as COMMAND "
	"runs; with it, only calls by COMMAND and by what it starts are reported."
	"\vBars: # on the CPU, - off it (asleep, or waiting for a CPU), . too short to draw. A call that "
	"unloads nothing is reported as busy (EWOULDBLOCK: in use), dying or permanent (EBUSY), not "
	"loaded (ENOENT), or by the name of its errno; one that loads nothing as already loaded (EEXIST) "
	"or by the name of its errno, with - for a module whose name was not known yet.\n\n"
	"The last line on standard error counts what may be missing: records dropped because nobody read "
	"them in time, calls lost because too many were in flight, probes missed, returns unpaired, calls "
	"unmatched as they began before the trace or were in flight at its end.\n\n"
	"Examples:\n"
	"  refcost trace                             all modules, until Ctrl-C\n"
	"  refcost trace -- modprobe -r dummy        what this command unloads\n"
	"  refcost trace --stacks -- rmmod dummy     and what each phase waits for\n"
	"  refcost trace -m xfs -n 1                 the next unload of xfs\n"
	"  refcost trace --load -m xfs               its loads and its unloads: whole cycles\n"
	"  refcost trace -d 60 -H                    a minute, with histograms\n"
	"  refcost trace --json --tag base -d 60     for programs\n"
	"  refcost trace --refs -m xfs               who uses xfs; Ctrl-\\: who may hold it now\n"
	"\nExit codes: 0 fine, 1 failed, 2 incomplete (--strict), 4 not possible here, 64 usage. After a "
	"COMMAND that ran, its own code if none of these applies: 128 and the signal's number if it was "
	"killed; 127 if it is not found, 126 if it cannot be run.\n",
	NULL,
	NULL,
	NULL,
};

struct tracing {
	struct trace *trace;
	struct refs_watch watch; /* with --refs */
	struct child child;
	bool has_child;
	struct ksyms *syms;
	FILE *file;
	struct out out;
	struct sum sums[TRACE_KINDS];
	struct trace_loss loss;
	int err;
};

static void on_record(const struct trace_record *rec, void *arg)
{
	struct tracing *t = arg;
	struct call c;

	if (t->err || (env.count && t->loss.reported == env.count))
		return;
	call_read(&c, rec, ++t->loss.reported);
	t->loss.unpaired += !!(rec->flags & TRACE_UNPAIRED);
	if (env.format == TABLE)
		table_call(stdout, &t->out, &c);
	else if (env.format == CSV)
		csv_trace_call(stdout, &t->out, &c);
	else
		json_trace_call(stdout, &t->out, &c);
	if (ferror(stdout)) /* that nobody reads on is no reason to complain */
		t->err = errno == EPIPE ? EXIT_FAILED
					: fail(EXIT_FAILED, "cannot write: %s", strerror(errno));
	if (t->file && csv_trace_call(t->file, &t->out, &c))
		t->err = fail(EXIT_FAILED, "cannot write %s: %s", env.output, strerror(errno));
	if (sum_add(&t->sums[rec->kind], c.module, c.outcome, c.total_ns))
		t->err = fail(EXIT_FAILED, "out of memory");
}

static void say_boundaries(const struct tracing *t, enum trace_kind kind)
{
	struct trace_boundary b;
	int ev;

	fprintf(stderr, "%-20s %-11s %s\n", "end of phase", "mechanism", "function or tracepoint");
	for (ev = 0; trace_boundary(t->trace, kind, ev, &b); ev++)
		fprintf(stderr, "%-20s %-11s %s%s%s\n", b.label, b.mechanism,
			b.why ? b.why : b.symbol, b.why ? ": " : "", b.why ? b.symbol : "");
}

static void say_mechanisms(const struct tracing *t)
{
	say_boundaries(t, TRACE_UNLOAD);
	if (env.loads)
		say_boundaries(t, TRACE_LOAD);
}

/* What the kernel counted, if it was told to: kernel.bpf_stats_enabled. */
static void say_costs(const struct tracing *t)
{
	struct bpf_cost progs[TRACE_PROGS];
	size_t n = env.refs ? refs_prog_stats(t->watch.refs, progs, ARRAY_SIZE(progs))
			    : trace_prog_stats(t->trace, progs, ARRAY_SIZE(progs)),
	       i;
	uint64_t runs = 0;

	for (i = 0; i < n; i++)
		runs += progs[i].runs;
	if (!runs)
		return;
	fprintf(stderr, "%-24s %-28s %10s %8s\n", "program", "attached to", "runs", "ns/run");
	for (i = 0; i < n; i++)
		fprintf(stderr, "%-24s %-28s %10lu %8lu\n", progs[i].name, progs[i].symbol,
			(unsigned long)progs[i].runs,
			(unsigned long)(progs[i].runs ? progs[i].run_ns / progs[i].runs : 0));
}

/* All that can go wrong without the kernel goes wrong before anything is attached. */
static int prepare(struct tracing *t)
{
	int err;

	if (env.command) {
		err = child_find(env.command[0]);
		if (err)
			return fail(err,
				    err == EXIT_NOT_FOUND ? "%s: command not found"
							  : "%s: cannot be run",
				    env.command[0]);
	}
	if (geteuid())
		return fail(EXIT_FAILED, "trace attaches to the kernel and needs root: "
					 "sudo refcost trace ...");
	if (bpf_locked_down())
		return fail(EXIT_LACKING, BPF_LOCKED_DOWN);
	if (env.module && check_module(env.module))
		return EXIT_FAILED;
	if (env.output) {
		t->file = fopen(env.output, "we");
		if (!t->file)
			return fail(EXIT_FAILED, "cannot write %s: %s", env.output,
				    strerror(errno));
		(env.refs ? csv_refs_header : csv_trace_header)(t->file);
		if (ferror(t->file))
			return fail(EXIT_FAILED, "cannot write %s: %s", env.output,
				    strerror(errno));
	}
	return EXIT_FINE;
}

static void read_symbols(struct tracing *t)
{
	if (!env.stacks && !env.refs)
		return;
	t->syms = ksyms_open("/proc/kallsyms");
	if (!t->syms)
		say("%s will be numbers: %s", env.refs ? "call sites" : "stacks",
		    errno == EPERM
			    ? "the kernel hides its addresses (sysctl kernel.kptr_restrict=1)"
			    : "cannot read /proc/kallsyms");
}

/* The command runs. */
static int let_go(struct tracing *t)
{
	int err = t->has_child ? child_go(&t->child) : 0;

	return err ? fail(t->child.code, "%s: %s", env.command[0], strerror(-err)) : EXIT_FINE;
}

static void begin_refs(struct tracing *t)
{
	struct refs_watch *w = &t->watch;

	w->print = env.format == TABLE ? table_refs : env.format == CSV ? csv_refs : json_refs;
	w->file = t->file;
	w->file_name = env.output;
	w->verbose = env.verbose;
	w->strict = env.strict;
	w->syms = t->syms;
	w->report.tag = env.tag;
	w->report.top = env.top;
	refs_watch_begin(w, !t->has_child);
}

static int attach(struct tracing *t)
{
	struct trace_opts opts = {
		.module = env.module,
		.loads = env.loads,
		.mech = env.mech,
		.pid = env.pid,
		.stacks = env.stacks,
	};
	char why[256];
	int err;

	if (env.command) {
		err = child_make(&t->child, env.command);
		if (err)
			return fail(EXIT_FAILED, "cannot fork: %s", strerror(-err));
		t->has_child = true;
		opts.pid = t->child.pid;
		opts.family = true;
	}
	quiet_begin();
	if (env.refs)
		t->watch.refs = refs_open(env.module, env.rows, why, sizeof(why));
	else
		t->trace = trace_open(&opts, why, sizeof(why));
	quiet_end();
	if (!t->trace && !t->watch.refs)
		return fail(errno == ENOTSUP ? EXIT_LACKING : EXIT_FAILED, "%s", why);
	read_symbols(t);
	if (env.refs) {
		begin_refs(t);
		return let_go(t);
	}
	t->out = (struct out){ t->trace, t->syms, env.tag, env.timestamps, env.loads };
	if (trace_note(t->trace))
		say("%s", trace_note(t->trace));
	if (env.verbose)
		say_mechanisms(t);
	trace_wake_on(t->trace, t->child.pidfd);
	return let_go(t);
}

/* How long to wait for records; 0: it is time to end. */
static int patience(struct tracing *t, uint64_t start, uint64_t *told)
{
	uint64_t now = now_ns(), end = start + env.seconds * NSEC_PER_SEC;

	if (t->err || (env.count && t->loss.reported == env.count))
		return 0;
	if (t->has_child && child_ended(&t->child))
		return 0;
	if (interrupted && !t->has_child)
		return 0;
	if (interrupted && !*told) {
		*told = now;
		kill(t->child.pid, interrupted);
	}
	if (*told && now - *told > GRACE_NS)
		return 0;
	if (env.seconds && now >= end)
		return 0;
	if (env.seconds && end - now < POLL_MS * NSEC_PER_MSEC)
		return (end - now) / NSEC_PER_MSEC + 1;
	return POLL_MS;
}

static void watch(struct tracing *t)
{
	uint64_t start = now_ns(), told = 0;
	int wait;

	if (!t->has_child && !env.refs)
		say("tracing delete_module(2)%s%s%s; Ctrl-C ends it",
		    env.loads ? ", finit_module(2) and init_module(2)" : "",
		    env.module ? " of " : "", env.module ?: "");
	while ((wait = patience(t, start, &told)))
		if (env.refs)
			t->err = refs_watch_wait(&t->watch, wait, t->child.pidfd);
		else if (trace_poll(t->trace, wait, on_record, t) < 0)
			t->err = fail(EXIT_FAILED, "cannot read the trace: %s", strerror(errno));
}

/* The account is taken when all that it counts has been read. */
static void account(struct tracing *t)
{
	struct trace_loss *l = &t->loss;
	int tries = 0;

	do {
		l->known = !trace_counts(t->trace, &l->n);
	} while (trace_poll(t->trace, 0, on_record, t) > 0 && ++tries < 100);
	l->in_flight = l->n.entries > l->n.exits ? l->n.entries - l->n.exits : 0;
}

static void conclude(struct tracing *t)
{
	enum trace_kind kind;

	if (env.refs) {
		if (!t->err)
			t->err = refs_watch_end(&t->watch);
		if (t->err)
			return;
		if (env.verbose)
			say_costs(t);
		t->err = refs_watch_account(&t->watch);
		return;
	}
	account(t);
	for (kind = 0; env.format == TABLE && kind < TRACE_KINDS; kind++)
		table_summary(stdout, &t->sums[kind], kind, loss_complete(&t->loss), env.histogram);
	if (env.format == JSON)
		json_trace_summary(stdout, &t->out, t->sums, &t->loss);
	if (env.verbose)
		say_costs(t);
	loss_say(&t->loss);
	if (!t->err && env.strict && !loss_complete(&t->loss))
		t->err = fail(EXIT_UNRELIABLE, "the trace is incomplete");
}

/*
 * A command that outlives the trace (-n, -d) is waited for, but not if it was told to end and does
 * not.
 */
static int command_code(struct tracing *t)
{
	uint64_t deadline = now_ns() + GRACE_NS;

	while (!child_ended(&t->child)) {
		if (!interrupted)
			deadline = now_ns() + GRACE_NS;
		else if (now_ns() > deadline)
			return fail(128 + interrupted, "%s does not end: left alone, untraced",
				    env.command[0]);
		sleep_until_ns(now_ns() + 20 * NSEC_PER_MSEC);
		if (interrupted)
			usleep(20000);
	}
	return t->child.code;
}

static void cleanup(struct tracing *t)
{
	enum trace_kind kind;

	if (t->trace || t->watch.refs) {
		quiet_begin();
		trace_close(t->trace);
		refs_close(t->watch.refs);
		quiet_end();
	}
	if (t->file && fclose(t->file) && !t->err)
		t->err = fail(EXIT_FAILED, "cannot write %s: %s", env.output, strerror(errno));
	ksyms_free(t->syms);
	for (kind = 0; kind < TRACE_KINDS; kind++)
		sum_free(&t->sums[kind]);
}

int cmd_trace(int argc, char **argv)
{
	static struct tracing t = { .child = { .pidfd = -1 } };

	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, NULL);
	t.err = prepare(&t);
	if (!t.err)
		t.err = attach(&t);
	if (!t.err) {
		if (env.format == CSV)
			(env.refs ? csv_refs_header : csv_trace_header)(stdout);
		watch(&t);
		conclude(&t);
	}
	cleanup(&t);
	if (!t.has_child)
		return t.err;
	if (t.child.running) {
		int code = command_code(&t);

		if (!t.err)
			t.err = code;
	} else {
		if (!t.err)
			t.err = t.child.code;
	}
	child_free(&t.child);
	return t.err;
}
