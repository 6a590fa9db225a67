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
#include "machine/env.h"
#include "machine/module.h"
#include "machine/quiet.h"
#include "trace/hang.h"
#include "trace/names.h"
#include "trace/options.h"
#include "trace/out.h"
#include "trace/until.h"

#define MAX_NS (10000000 * NSEC_PER_SEC)

enum format { TABLE, CSV, JSON };

static struct env {
	struct names names;
	const char *output;
	const char *tag;
	uint64_t duration_ns;
	uint64_t count;
	uint64_t pid;
	uint64_t slow_after[HANG_LEVELS];
	size_t nr_slow_after;
	bool loads;
	bool timestamps;
	bool verbose;
	bool histogram;
	bool stacks;
	bool strict;
	enum format format;
	enum trace_mech mech;
	char **command;
} env = {
	.slow_after = { 5 * NSEC_PER_SEC, 30 * NSEC_PER_SEC },
	.nr_slow_after = 2,
};

enum {
	OPT_LOAD = 256,
	OPT_CSV,
	OPT_JSON,
	OPT_TAG,
	OPT_STACKS,
	OPT_MECH,
	OPT_STRICT,
	OPT_REFS,
	OPT_SLOW
};

static const struct argp_option options[] = {
	{ "load", OPT_LOAD, 0, 0, "Trace loads, too: finit_module(2) and init_module(2)", 0 },
	{ "module", 'm', "NAMES", 0,
	  "Calls on these modules only: names or patterns, with commas between or once more; of loads, "
	  "those that come far enough to know the name",
	  0 },
	{ "pid", 'p', "PID", 0, "Calls by this process only", 0 },
	{ "duration", 'd', "TIME", 0, "End after that time: seconds, or with ms, s, min or h", 0 },
	{ "count", 'n', "COUNT", 0, "End after that many calls", 0 },
	{ "timestamps", 'T', 0, 0, "Say when each call began", 0 },
	{ "stacks", OPT_STACKS, 0, 0,
	  "Say where each phase slept, how often and how long, and what it waited for (phases that slept "
	  "for 1 % of the call; --csv and --json have all)",
	  0 },
	{ "slow-after", OPT_SLOW, "TIMES", 0,
	  "Say what a call does that has not returned by then (default 5s,30s)", 0 },
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
	{ "refs", OPT_REFS, 0, 0, "The same as refcost refs, which -m names the module for", 0 },
	{ 0 },
};

static void check(struct argp_state *state)
{
	if (env.command && env.pid)
		argp_error(state,
			   "--pid does not go with a command, whose process is the one meant");
	if (env.format != TABLE && env.histogram)
		argp_error(state, "--histogram is printed with tables only");
	if (env.tag && env.format == TABLE && !env.output)
		argp_error(state, "--tag is for --csv, --json and --output");
}

static int by_time(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case OPT_LOAD:
		env.loads = true;
		break;
	case 'm':
		if (!names_add(&env.names, arg))
			argp_error(state, "--module '%s': give up to %d names with commas between",
				   arg, NAMES_MAX);
		break;
	case 'p':
		env.pid = opt_u64(state, "--pid", arg, 1, INT32_MAX);
		break;
	case 'd':
		env.duration_ns = opt_duration(state, "--duration", arg, 1, MAX_NS);
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
	case OPT_SLOW:
		env.nr_slow_after = opt_duration_list(state, "--slow-after", arg, MAX_NS,
						      env.slow_after, ARRAY_SIZE(env.slow_after));
		qsort(env.slow_after, env.nr_slow_after, sizeof(*env.slow_after), by_time);
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
	"  refcost trace -m 'nf_*,xt_*'              what packet filters are made of\n"
	"  refcost trace --load -m xfs               its loads and its unloads: whole cycles\n"
	"  refcost trace -d 60 -H                    a minute, with histograms\n"
	"  refcost trace --json --tag base -d 60     for programs\n"
	"  refcost refs xfs                          who holds xfs, and who takes references on it\n"
	"\nExit codes: 0 fine, 1 failed, 2 incomplete (--strict), 4 not possible here, 64 usage. After a "
	"COMMAND that ran, its own code if none of these applies: 128 and the signal's number if it was "
	"killed; 127 if it is not found, 126 if it cannot be run.\n",
	NULL,
	NULL,
	NULL,
};

struct tracing {
	struct trace *trace;
	struct until until;
	struct ksyms *syms;
	FILE *file;
	struct out out;
	struct sum sums[TRACE_KINDS];
	struct trace_loss loss;
	struct hangs hangs;
	int err;
};

static void check_written(struct tracing *t, int file_err)
{
	if (ferror(stdout)) /* that nobody reads on is no reason to complain */
		t->err = errno == EPIPE ? EXIT_FAILED
					: fail(EXIT_FAILED, "cannot write: %s", strerror(errno));
	if (file_err)
		t->err = fail(EXIT_FAILED, "cannot write %s: %s", env.output, strerror(errno));
}

static bool is_wanted(const char *module)
{
	return names_match(&env.names, module);
}

/* The programs know one name; several, and patterns, are told apart here. */
static bool is_sieved(void)
{
	return env.names.n && !names_only(&env.names);
}

/* As the programs do it: of loads, those that came far enough for their module to have a name. */
static bool is_left_out(const struct trace_record *rec)
{
	if (!is_sieved())
		return false;
	return *rec->module ? !is_wanted(rec->module) : rec->kind == TRACE_LOAD;
}

static void on_record(const struct trace_record *rec, void *arg)
{
	struct tracing *t = arg;
	struct call c;

	if (t->err || (env.count && t->loss.reported == env.count) || is_left_out(rec))
		return;
	call_read(&c, rec, trace_sleeps(t->trace, rec), ++t->loss.reported);
	t->loss.unpaired += !!(rec->flags & TRACE_UNPAIRED);
	if (env.format == TABLE)
		table_call(stdout, &t->out, &c);
	else if (env.format == CSV)
		csv_trace_call(stdout, &t->out, &c);
	else
		json_trace_call(stdout, &t->out, &c);
	check_written(t, t->file && csv_trace_call(t->file, &t->out, &c));
	if (sum_add(&t->sums[rec->kind], c.module, c.outcome, c.total_ns))
		t->err = fail(EXIT_FAILED, "out of memory");
}

static void on_hang(const struct inside *in, enum hang_reason reason, void *arg)
{
	struct tracing *t = arg;

	if (t->err)
		return;
	if (env.format == TABLE)
		table_hang(stdout, in, reason);
	else if (env.format == CSV)
		csv_trace_hang(stdout, &t->out, in);
	else
		json_trace_hang(stdout, &t->out, in, reason);
	check_written(t, t->file && csv_trace_hang(t->file, &t->out, in));
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
	size_t n = trace_prog_stats(t->trace, progs, ARRAY_SIZE(progs));

	bpf_say_costs(progs, n);
}

/* All that can go wrong without the kernel goes wrong before anything is attached. */
static int prepare(struct tracing *t)
{
	int err;

	if (env.command && child_find(*env.command) == EXIT_NOT_FOUND && is_module(*env.command))
		return fail(
			EXIT_NOT_FOUND,
			"%s: command not found; for what happens to the module: refcost trace -m %s",
			*env.command, *env.command);
	err = env.command ? until_make(&t->until, env.command) : EXIT_FINE;

	if (err)
		return err;
	if (geteuid())
		return fail(EXIT_FAILED, "trace attaches to the kernel and needs root: "
					 "sudo refcost trace ...");
	if (bpf_locked_down())
		return fail(EXIT_LACKING, BPF_LOCKED_DOWN);
	if (names_check(&env.names))
		return EXIT_FAILED;
	if (env.output) {
		t->file = fopen(env.output, "we");
		if (!t->file)
			return fail(EXIT_FAILED, "cannot write %s: %s", env.output,
				    strerror(errno));
		csv_trace_header(t->file);
		if (ferror(t->file))
			return fail(EXIT_FAILED, "cannot write %s: %s", env.output,
				    strerror(errno));
	}
	return EXIT_FINE;
}

static void read_symbols(struct tracing *t)
{
	if (!env.stacks)
		return;
	t->syms = ksyms_open("/proc/kallsyms");
	if (!t->syms)
		say("stacks will be numbers: %s",
		    errno == EPERM
			    ? "the kernel hides its addresses (sysctl kernel.kptr_restrict=1)"
			    : "cannot read /proc/kallsyms");
}

static int attach(struct tracing *t)
{
	struct trace_opts opts = {
		.module = names_only(&env.names),
		.loads = env.loads,
		.mech = env.mech,
		.pid = env.pid,
		.stacks = env.stacks,
	};
	char why[256];

	if (env.command) {
		opts.pid = t->until.child.pid;
		opts.family = true;
	}
	quiet_begin();
	t->trace = trace_open(&opts, why, sizeof(why));
	quiet_end();
	if (interrupted)
		return EXIT_FINE;
	if (!t->trace)
		return fail(errno == ENOTSUP ? EXIT_LACKING : EXIT_FAILED, "%s", why);
	read_symbols(t);
	t->out = (struct out){ t->trace, t->syms, env.tag, env.timestamps, env.loads };
	if (trace_note(t->trace))
		say("%s", trace_note(t->trace));
	if (env.verbose)
		say_mechanisms(t);
	trace_wake_on(t->trace, t->until.child.pidfd);
	t->hangs = (struct hangs){
		.trace = t->trace, .print = on_hang, .arg = t, .wanted = is_wanted
	};
	memcpy(t->hangs.after, env.slow_after, sizeof(env.slow_after));
	t->hangs.nr_after = env.nr_slow_after;
	hangs_ask_on();
	if (env.format == CSV)
		csv_trace_header(stdout);
	hangs_begin(&t->hangs);
	if (interrupted)
		return EXIT_FINE;
	return until_go(&t->until);
}

static bool is_over(const struct tracing *t)
{
	return t->err || (env.count && t->loss.reported == env.count);
}

static void watch(struct tracing *t)
{
	int wait;

	if (!t->until.has_child)
		say("tracing delete_module(2)%s%s%s%s; Ctrl-C ends it",
		    env.loads ? ", finit_module(2) and init_module(2)" : "",
		    env.names.n ? " of " : "", env.names.n ? env.names.text[0] : "",
		    env.names.n > 1 ? " and others" : "");
	while (!is_over(t) && (wait = until_patience(&t->until))) {
		hangs_look(&t->hangs);
		wait = hangs_patience(&t->hangs, wait);
		if (trace_poll(t->trace, wait, on_record, t) < 0)
			t->err = fail(EXIT_FAILED, "cannot read the trace: %s", strerror(errno));
	}
}

/* The account is taken when all that it counts has been read. */
static void account(struct tracing *t)
{
	struct trace_loss *l = &t->loss;
	size_t before;
	int tries = 0;

	do {
		l->known = !trace_counts(t->trace, &l->n);
	} while (trace_poll(t->trace, 0, on_record, t) > 0 && ++tries < 100);
	l->in_flight = l->n.entries > l->n.exits ? l->n.entries - l->n.exits : 0;
	l->unseen = t->until.has_child && child_ended(&t->until.child) && !l->n.seen;
	before = hangs_end(&t->hangs);
	if (is_sieved())
		l->in_flight = t->hangs.in_flight;
	if (!env.command && !env.pid)
		l->in_flight += before;
}

/* kmod looks at the count in sysfs and gives up by itself: say so where a word names such a module. */
static void say_why_none(void)
{
	char line[1024], path[128], count[24], *word, *save;
	char **arg;

	for (arg = env.command; *arg; arg++) {
		snprintf(line, sizeof(line), "%s", *arg);
		for (word = strtok_r(line, " \t\n;&|()'\"", &save); word;
		     word = strtok_r(NULL, " \t\n;&|()'\"", &save)) {
			if (strlen(word) > 55 || strchr(word, '/'))
				continue;
			module_spell(word);
			snprintf(path, sizeof(path), "/sys/module/%s/refcnt", word);
			if (strtol(env_file(path, count, sizeof(count)), NULL, 10) > 0)
				say("saw no call: %s has a count of %s, on which modprobe and rmmod "
				    "give up without asking the kernel; refcost refs %s says who "
				    "holds it",
				    word, count, word);
		}
	}
}

static void conclude(struct tracing *t)
{
	enum trace_kind kind;

	account(t);
	for (kind = 0; env.format == TABLE && kind < TRACE_KINDS; kind++)
		table_summary(stdout, &t->sums[kind], kind, loss_complete(&t->loss), env.histogram);
	if (env.format == JSON)
		json_trace_summary(stdout, &t->out, t->sums, &t->loss);
	if (env.verbose)
		say_costs(t);
	if (!t->loss.reported && env.command && !env.loads)
		say_why_none();
	loss_say(&t->loss);
	if (!t->err && env.strict && !loss_complete(&t->loss))
		t->err = fail(EXIT_UNRELIABLE, "the trace is incomplete");
}

static void cleanup(struct tracing *t)
{
	enum trace_kind kind;

	if (t->trace) {
		quiet_begin();
		trace_close(t->trace);
		quiet_end();
	}
	if (t->file && fclose(t->file) && !t->err)
		t->err = fail(EXIT_FAILED, "cannot write %s: %s", env.output, strerror(errno));
	ksyms_free(t->syms);
	for (kind = 0; kind < TRACE_KINDS; kind++)
		sum_free(&t->sums[kind]);
}

/* The older form of refcost refs. */
static bool wants_refs(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "--refs"))
			return true;
	return false;
}

int cmd_trace(int argc, char **argv)
{
	static struct tracing t = { .until.child.pidfd = -1 };

	if (wants_refs(argc, argv))
		return cmd_refs(argc, argv);
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, NULL);
	t.until.ns = env.duration_ns;
	t.err = prepare(&t);
	if (!t.err && !interrupted)
		t.err = attach(&t);
	if (!t.err && t.until.start) {
		watch(&t);
		conclude(&t);
	}
	cleanup(&t);
	if (!t.err && !t.until.start && env.command) /* who ended it before the command began? */
		t.err = 128 + interrupted;
	return until_code(&t.until, t.err);
}
