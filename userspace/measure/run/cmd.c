// SPDX-License-Identifier: GPL-2.0
/*
 * refcost run: what a get and its put cost, on 1..N CPUs.
 *
 * Randomised complete blocks: every block measures each (scheme, mode, CPU count) once, in an order
 * drawn from the seed, with the modules loaded afresh, since the address of a counter matters too.
 */
#include "measure/run/parts.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/options.h"
#include "base/parse.h"
#include "base/refcost.h"
#include "machine/env.h"
#include "measure/perf_control.h"

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
	OPT_PLACEMENT,
	OPT_LAYOUT,
	OPT_PERF_CONTROL,
	OPT_COUNTERS,
	OPT_GAPS,
	OPT_MAX_BLOCKS,
	OPT_DRY_RUN,
};

/* The group of options that most people do without: argp lists it last. */
#define EXPERT 1

static const struct argp_option options[] = {
	{ "schemes", 's', "NAME,..", 0,
	  "Schemes, and floors, which protect nothing: for comparison (default: all)", 0 },
	{ "cpus", 'c', "N,..", 0,
	  "How many CPUs, as 1,2,4 or 1-16 (default: powers of two up to all)", 0 },
	{ "placement", OPT_PLACEMENT, "NAME,..", 0,
	  "Compare CPUs: cores (a thread of each first), packed, smt (siblings alone), local or remote to "
	  "the NUMA node that the objects are put on",
	  0 },
	{ "blocks", 'b', "N", 0,
	  "Samples of each scheme, mode and number of CPUs (default 30; quote nothing under 10)",
	  0 },
	{ "mode", OPT_MODE, "MODE,..", 0,
	  "getput: of an object in hand; lookup: find it in a table first; or both (default getput)",
	  0 },
	{ "hold", OPT_HOLD, "TIME,..", 0,
	  "Keep a reference for TIME, inside the module (default 0); longer ones after the first are "
	  "measured without the lookup, on one CPU, half and all of --cpus",
	  0 },
	{ "output", 'o', "DIR", 0, "Results directory; finished cells in it are not run again", 0 },
	{ "dry-run", OPT_DRY_RUN, 0, 0,
	  "Print what would be measured and how long it takes, and do nothing", 0 },
	{ "counters", OPT_COUNTERS, "EVENT,..", OPTION_ARG_OPTIONAL,
	  "Count events in the windows, by perf's names (default " EVENTS_DEFAULT ")", 0 },
	{ NULL, 0, NULL, 0, "Expert options:", EXPERT },
	{ "cpu-list", OPT_CPU_LIST, "LIST", 0,
	  "CPUs to use, in this order, as 0-3,8 (default: a thread of each core first)", EXPERT },
	{ "layout", OPT_LAYOUT, "NAME,..", 0,
	  "Compare what shares the line of a count in an object: own (nothing; default), readmostly (what "
	  "every use reads), pair (another count)",
	  EXPERT },
	{ "hold-schemes", OPT_HOLD_SCHEMES, "NAME,..", 0,
	  "Those of the schemes to measure with every hold but the first (default: all)", EXPERT },
	{ "hold-blocks", OPT_HOLD_BLOCKS, "N", 0,
	  "Samples of each cell with every hold but the first (default: as --blocks)", EXPERT },
	{ "objects", OPT_OBJECTS, "N", 0,
	  "1: all share one object; percpu: one each; N: drawn at random from N (default 1)",
	  EXPERT },
	{ "window", OPT_WINDOW, "TIME", 0, "Length of a window (default 150ms)", EXPERT },
	{ "warmup", OPT_WARMUP, "TIME", 0, "Time before it opens (default 30ms)", EXPERT },
	{ "gaps", OPT_GAPS, "RULE", 0,
	  "Take out of a window's time what the kernel says that a worker did not run (known), or of long batches "
	  "what the shortest did not take (long: default on emulated machines, which do not say)",
	  EXPERT },
	{ "seed", OPT_SEED, "N", 0, "Of the order of cells and the draws of objects (default 1)",
	  EXPERT },
	{ "max-blocks", OPT_MAX_BLOCKS, "N", 0,
	  "Measure no more than N blocks now; the same command goes on with the next: for runs that take turns",
	  EXPERT },
	{ "keep", 'k', 0, 0,
	  "Use the modules if they are loaded, and leave them loaded: for perf, which needs their symbols",
	  EXPERT },
	{ "perf-control", OPT_PERF_CONTROL, "CTL,ACK", 0,
	  "Have perf record --control=fifo:CTL,ACK -D -1 record windows and their warm-up alone",
	  EXPERT },
	{ "strict", OPT_STRICT, 0, 0, "Exit 2 if a validity check failed", EXPERT },
	{ "instructions", OPT_INSTRUCTIONS, 0, 0,
	  "Count instructions: for guests whose clock counts them (bench.sh --instructions)",
	  EXPERT },
	{ 0 },
};

static void parse_modes(struct argp_state *state, char *arg)
{
	int chosen[REFCOST_MODES];
	size_t n = opt_choices(state, "mode", arg, mode_names, REFCOST_MODES, chosen);

	while (n--)
		env.modes[chosen[n]] = true;
}

static void parse_gaps(struct argp_state *state, char *arg)
{
	int chosen[GAPS_RULES];

	if (opt_choices(state, "gaps", arg, gaps_names, GAPS_RULES, chosen) != 1)
		argp_error(state, "--gaps takes one of known and long");
	env.gaps = chosen[0];
	env.gaps_asked = true;
}

/*
 * The least hold is what all tables but the sweep's are about, so that it has to be the complete
 * one.
 */
static void check_holds(struct argp_state *state)
{
	size_t i;

	for (i = 1; i < env.nr_holds; i++)
		if (env.holds[i] <= env.holds[i - 1])
			argp_error(state, "--hold: give the times in ascending order");
	if (env.nr_holds > 1 && env.instructions)
		argp_error(state, "--instructions takes one --hold");
}

static void check_placements(struct argp_state *state)
{
	if (env.placements.asked && env.nr_list)
		argp_error(state,
			   "--cpu-list and --placement both choose the CPUs: give one of them");
	if (env.instructions && (env.placements.asked || env.layouts.asked))
		argp_error(state,
			   "--instructions are the same wherever CPUs and objects are: leave "
			   "--placement and --layout out");
	if (env.keep && env.layouts.n > 1)
		argp_error(state, "--keep keeps one victim: give one --layout");
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
	case OPT_PLACEMENT:
		placements_parse(&env.placements, state, arg);
		break;
	case OPT_LAYOUT:
		layouts_parse(&env.layouts, state, arg);
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
	case OPT_GAPS:
		parse_gaps(state, arg);
		break;
	case OPT_MAX_BLOCKS:
		env.max_blocks = opt_u64(state, "--max-blocks", arg, 1, 100000);
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
	case OPT_DRY_RUN:
		env.dry_run = true;
		break;
	case OPT_PERF_CONTROL:
		env.perf_control = arg;
		break;
	case OPT_COUNTERS:
		env.counters = arg ?: EVENTS_DEFAULT;
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
		if (!env.hold_blocks)
			env.hold_blocks = env.blocks;
		check_holds(state);
		check_placements(state);
		if (env.counters && env.instructions)
			argp_error(
				state,
				"--counters counts in windows, which --instructions has none of");
		if (!env.gaps_asked && !strcmp(env_machine_kind(), "emulated"))
			env.gaps = GAPS_LONG;
		if (env.max_blocks && !env.output)
			argp_error(
				state,
				"--max-blocks keeps what a later command goes on with: give -o DIR");
		if (env.gaps_asked && env.instructions)
			argp_error(state,
				   "--gaps are in windows, which --instructions has none of");
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
	"Measure what it costs to take a reference inside the kernel and to give it back (get and put): on "
	"one CPU, and on several that do it at once. A scheme is a way to keep a module or its objects "
	"alive while they are in use, as a kref or try_module_get(); refcost list explains each.\n\n"
	"Loads two modules, keeps the CPUs busy, and unloads the modules at the end; needs root. Prints a "
	"row per scheme and number of CPUs with the ns of a get/put pair; with -o DIR keeps every sample, "
	"for refcost report. Times take the suffixes ns, us, ms, s."
	"\vExamples:\n"
	"  refcost run                            everything, 1 to all CPUs, 30 blocks\n"
	"  refcost run --dry-run                  what that would be, and for how long\n"
	"  refcost run -s kref,rwsem -c 1-8 -b 10 two schemes, every count up to 8\n"
	"  refcost run --mode lookup --hold 1us   with the lookup, 1 us in the module\n"
	"  refcost run -s kref --counters         cycles, instructions, cache misses\n"
	"  refcost run --placement packed,cores   threads of a core first; cores first\n"
	"  refcost run -s kref --objects percpu   no sharing: an object per CPU\n"
	"  refcost run --hold 0,20us --hold-schemes kref,rwsem --hold-blocks 6\n"
	"  refcost run -s kref --layout own,pair --objects percpu\n"
	"The man page has one with its output.\n"
	"\nExit codes: 0 fine, 1 failed, 2 unreliable (--strict), 4 not possible here, 64 usage.\n",
	NULL,
	NULL,
	NULL,
};

int cmd_run(int argc, char **argv)
{
	static struct run r = { .plan.rounds.what = "cell" };
	int err;

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	err = plan_make(&r.plan);
	if (!err && env.dry_run) {
		err = run_dry(&r);
		goto out;
	}
	if (!err)
		err = need_root("run");
	if (err)
		goto out;
	err = env.perf_control ? perf_control_open(env.perf_control) : EXIT_FINE;
	if (!err)
		err = open_output(&r);
	if (!err) {
		err = measure(&r);
		err = finish(&r, err);
		if (!err && env.instructions)
			err = print_instructions(&r.results);
	}
	if (r.rows)
		fclose(r.rows);
	counters_close(&r);
	perf_control_close();
	results_close(&r.results);
out:
	events_free(&env.events);
	rounds_free(&r.plan.rounds);
	schemes_free(&r.plan.schemes);
	return err;
}
