// SPDX-License-Identifier: GPL-2.0
/*
 * refcost refs: who takes references on a module, and who may hold one.
 *
 * Standard output is what was asked for; warnings and the account of what may be missing go to
 * standard error.
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/options.h"
#include "base/refcost.h"
#include "machine/module.h"
#include "machine/quiet.h"
#include "refs/watch.h"
#include "trace/until.h"

#define MAX_NS (10000000 * NSEC_PER_SEC)

enum format { TABLE, CSV, JSON };

static struct env {
	const char *module;
	const char *output;
	const char *tag;
	uint64_t duration_ns;
	bool verbose;
	bool strict;
	uint64_t top;
	uint64_t rows;
	enum format format;
	char **command;
} env = { .top = 10, .rows = REFS_ROWS };

enum { OPT_CSV = 256, OPT_JSON, OPT_TAG, OPT_STRICT, OPT_TOP, OPT_ROWS, OPT_REFS };

static const struct argp_option options[] = {
	{ "module", 'm', "NAME", 0, "The module, as MODULE", 0 },
	{ "duration", 'd', "TIME", 0, "End after that time: seconds, or with ms, s, min or h", 0 },
	{ "top", OPT_TOP, "N", 0, "Rows of a table (default 10)", 0 },
	{ "csv", OPT_CSV, 0, 0, "A row for each call site and thread", 0 },
	{ "json", OPT_JSON, 0, 0, "An object a line for each report", 0 },
	{ "tag", OPT_TAG, "TEXT", 0, "Copy TEXT into every row of CSV and JSON", 0 },
	{ "output", 'o', "FILE", 0, "Write CSV to FILE as well; what is in it is lost", 0 },
	{ "verbose", 'v', 0, 0,
	  "Say how far into a function each call site is, and what counting costs", 0 },
	{ "strict", OPT_STRICT, 0, 0, "Exit 2 if anything may be missing", 0 },
	{ "rows", OPT_ROWS, "N", 0, "Room for N pairs of call site and thread (default 8192)", 0 },
	{ "refs", OPT_REFS, 0, OPTION_HIDDEN, NULL, 0 },
	{ 0 },
};

static void check(struct argp_state *state)
{
	if (!env.module)
		argp_error(state, "refs needs a module: refcost refs MODULE");
	if (env.tag && env.format == TABLE && !env.output)
		argp_error(state, "--tag is for --csv, --json and --output");
}

/* The module is the first argument unless -m named it; what follows is the command. */
static void argument(struct argp_state *state, char *arg)
{
	if (!env.module && !state->quoted) {
		env.module = arg;
		return;
	}
	env.command = state->argv + state->next - 1;
	state->next = state->argc;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'm':
		env.module = arg;
		break;
	case 'd':
		env.duration_ns = opt_duration(state, "--duration", arg, 1, MAX_NS);
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
	case 'v':
		env.verbose = true;
		break;
	case OPT_STRICT:
		env.strict = true;
		break;
	case OPT_TOP:
		env.top = opt_u64(state, "--top", arg, 1, 1000000);
		break;
	case OPT_ROWS:
		env.rows = opt_u64(state, "--rows", arg, 1, 1 << 20);
		break;
	case OPT_REFS:
		break;
	case ARGP_KEY_ARG:
		argument(state, arg);
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
	"MODULE [-- COMMAND [ARG...]]",
	"Count references taken on a module and given back, by call site and thread, and say who may "
	"hold one. Until Ctrl-C or SIGTERM, or for as long as COMMAND runs; what others do is counted "
	"as well. Whenever an unload is refused because the module is in use, and on Ctrl-\\, it says "
	"how they stand."
	"\vExamples:\n"
	"  refcost refs xfs                          until Ctrl-C; Ctrl-\\: who may hold it now\n"
	"  refcost refs dummy -- modprobe -r dummy   why is this refused?\n"
	"  refcost refs --json -d 60 nf_conntrack    for programs\n"
	"\nExit codes: 0 fine, 1 failed, 2 incomplete (--strict), 4 not possible here, 64 usage. After a "
	"COMMAND that ran, its own code if none of these applies: 128 and the signal's number if it was "
	"killed; 127 if it is not found, 126 if it cannot be run.\n",
	NULL,
	NULL,
	NULL,
};

struct counting {
	struct refs_watch watch;
	struct until until;
	struct ksyms *syms;
	FILE *file;
	int err;
};

/* All that can go wrong without the kernel goes wrong before anything is attached. */
static int prepare(struct counting *c)
{
	int err = env.command ? until_make(&c->until, env.command) : EXIT_FINE;

	if (err)
		return err;
	if (geteuid())
		return fail(EXIT_FAILED, "refs attaches to the kernel and needs root: "
					 "sudo refcost refs ...");
	if (bpf_locked_down())
		return fail(EXIT_LACKING, BPF_LOCKED_DOWN);
	if (check_module(env.module))
		return EXIT_FAILED;
	if (!env.output)
		return EXIT_FINE;
	c->file = fopen(env.output, "we");
	if (c->file)
		csv_refs_header(c->file);
	return c->file && !ferror(c->file)
		       ? EXIT_FINE
		       : fail(EXIT_FAILED, "cannot write %s: %s", env.output, strerror(errno));
}

static int attach(struct counting *c)
{
	struct refs_watch *w = &c->watch;
	char why[256];
	int err;

	quiet_begin();
	w->refs = refs_open(env.module, env.rows, why, sizeof(why));
	quiet_end();
	if (interrupted)
		return EXIT_FINE;
	if (!w->refs)
		return fail(errno == ENOTSUP ? EXIT_LACKING : EXIT_FAILED, "%s", why);
	c->syms = ksyms_open("/proc/kallsyms");
	if (!c->syms)
		say("call sites will be numbers: %s",
		    errno == EPERM
			    ? "the kernel hides its addresses (sysctl kernel.kptr_restrict=1)"
			    : "cannot read /proc/kallsyms");
	w->print = env.format == TABLE ? table_refs : env.format == CSV ? csv_refs : json_refs;
	w->file = c->file;
	w->file_name = env.output;
	w->verbose = env.verbose;
	w->strict = env.strict;
	w->syms = c->syms;
	w->report.tag = env.tag;
	w->report.top = env.top;
	if (env.format == CSV)
		csv_refs_header(stdout);
	err = refs_watch_begin(w, !c->until.has_child);
	return err ? err : until_go(&c->until);
}

static void say_costs(const struct counting *c)
{
	struct bpf_cost progs[REFS_PROGS];

	bpf_say_costs(progs, refs_prog_stats(c->watch.refs, progs, ARRAY_SIZE(progs)));
}

static void watch(struct counting *c)
{
	int wait;

	while (!c->err && (wait = until_patience(&c->until)))
		c->err = refs_watch_wait(&c->watch, wait, c->until.child.pidfd);
	if (!c->err)
		c->err = refs_watch_end(&c->watch);
	if (!c->err && env.verbose)
		say_costs(c);
	if (!c->err)
		c->err = refs_watch_account(&c->watch);
}

static void cleanup(struct counting *c)
{
	if (c->watch.refs) {
		quiet_begin();
		refs_close(c->watch.refs);
		quiet_end();
	}
	if (c->file && fclose(c->file) && !c->err)
		c->err = fail(EXIT_FAILED, "cannot write %s: %s", env.output, strerror(errno));
	ksyms_free(c->syms);
}

int cmd_refs(int argc, char **argv)
{
	static struct counting c = { .until = { .child.pidfd = -1 } };

	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, NULL);
	c.until.ns = env.duration_ns;
	c.err = prepare(&c);
	if (!c.err && !interrupted)
		c.err = attach(&c);
	if (!c.err && c.until.start)
		watch(&c);
	cleanup(&c);
	if (!c.err && !c.until.start && env.command) /* who ended it before the command began? */
		c.err = 128 + interrupted;
	return until_code(&c.until, c.err);
}
