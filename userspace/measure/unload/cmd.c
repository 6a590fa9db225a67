// SPDX-License-Identifier: GPL-2.0
/*
 * refcost unload: what it costs to get rid of a module, idle and while others use it.
 *
 * A cycle loads the victim, starts the users, waits for a random while, and then does what rmmod
 * would: the scheme's gate, then delete_module(2), again and again while it is busy. Blocks are
 * randomised as in refcost run.
 */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/options.h"
#include "base/parse.h"
#include "base/refcost.h"
#include "measure/order.h"
#include "measure/unload/parts.h"
#include "trace/options.h"

#define MAX_CYCLES  100000
#define TIMEOUT_MAX (3600 * NSEC_PER_SEC)

enum {
	OPT_HOLD = 256,
	OPT_HOLD_CYCLES,
	OPT_OBJECTS,
	OPT_SEED,
	OPT_STRICT,
	OPT_RATE,
	OPT_ATTEMPTS,
	OPT_TIMEOUT,
	OPT_NO_BYSTANDER,
	OPT_PAUSE,
	OPT_ARMS,
	OPT_NO_TRACE,
	OPT_MECH,
	OPT_DRY_RUN,
};

/* The group of options that most people do without: argp lists it last. */
#define EXPERT 1

static const struct argp_option options[] = {
	{ "schemes", 's', "NAME,..", 0, "Schemes (default: all that protect something)", 0 },
	{ "load", 'l', "WORKERS", 0, "Load workers of the loaded arm (default: all CPUs but one)",
	  0 },
	{ "cycles", 'n', "N", 0, "Unloads of each scheme and arm (default 23)", 0 },
	{ "arms", OPT_ARMS, "ARM,..", 0, "idle, loaded or both (default both)", 0 },
	{ "attempts", OPT_ATTEMPTS, "N", 0, "Give a busy victim up after N attempts (default 1000)",
	  0 },
	{ "timeout", OPT_TIMEOUT, "TIME", 0,
	  "Give it up when it has been busy for TIME (default 5s)", 0 },
	{ "hold", OPT_HOLD, "TIME,..", 0,
	  "Users keep a reference for TIME, inside the victim; the loaded arm is measured with each (default 0)",
	  0 },
	{ "output", 'o', "DIR", 0, "Results directory; finished cycles in it are not run again",
	  0 },
	{ "histogram", 'H', 0, 0, "Print histograms of the time to success", 0 },
	{ "dry-run", OPT_DRY_RUN, 0, 0,
	  "Print what would be measured and how long it takes, and do nothing", 0 },
	{ NULL, 0, NULL, 0, "Expert options:", EXPERT },
	{ "rate", OPT_RATE, "R", 0,
	  "Unloads a second, begun on schedule; adds the response time (default: one after another)",
	  EXPERT },
	{ "hold-cycles", OPT_HOLD_CYCLES, "N", 0,
	  "Unloads with every hold but the first (default: as --cycles)", EXPERT },
	{ "pause", OPT_PAUSE, "TIME", 0,
	  "Users wait for TIME between a put and the next get (default 0)", EXPERT },
	{ "no-bystander", OPT_NO_BYSTANDER, 0, 0,
	  "All workers use the victim (default: of two or more, the last uses another module's object)",
	  EXPERT },
	{ "objects", OPT_OBJECTS, "N", 0,
	  "1: all share one; percpu: one each; N: drawn from N (default 1)", EXPERT },
	{ "seed", OPT_SEED, "N", 0, "Of the order and the gaps (default 1)", EXPERT },
	{ "no-trace", OPT_NO_TRACE, 0, 0, "Leave the tracer out: totals only", EXPERT },
	{ "mechanism", OPT_MECH, "NAME", 0, "auto, kprobe or tracepoints (default auto)", EXPERT },
	{ "strict", OPT_STRICT, 0, 0, "Exit 2 if a validity check failed", EXPERT },
	{ 0 },
};

static void parse_arms(struct unload_opts *opts, struct argp_state *state, char *arg)
{
	int chosen[ARMS];
	size_t n = opt_choices(state, "arms", arg, arm_names, ARMS, chosen);

	while (n--)
		opts->arms[chosen[n]] = true;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct unload_opts *opts = state->input;
	char *end;

	switch (key) {
	case 's':
		opts->schemes = arg;
		break;
	case 'l':
		opts->workers = opt_u64(state, "--load", arg, 0, USERS_MAX);
		break;
	case 'n':
		opts->cycles = opt_u64(state, "--cycles", arg, 1, MAX_CYCLES);
		break;
	case OPT_ARMS:
		parse_arms(opts, state, arg);
		break;
	case OPT_RATE:
		opts->rate = strtod(arg, &end);
		if (end == arg || *end || !(opts->rate > 0 && opts->rate <= 1000))
			argp_error(state,
				   "--rate '%s': give unloads a second, over 0 and up to 1000",
				   arg);
		break;
	case OPT_ATTEMPTS:
		opts->attempts = opt_u64(state, "--attempts", arg, 1, 1000000);
		break;
	case OPT_TIMEOUT:
		opts->patience_ns = opt_ns(state, "--timeout", arg, NSEC_PER_MSEC, TIMEOUT_MAX);
		break;
	case OPT_HOLD:
		opts->nr_holds = opt_ns_list(state, "--hold", arg, REFCOST_HOLD_MAX, opts->holds,
					     UNLOAD_HOLDS);
		break;
	case OPT_HOLD_CYCLES:
		opts->hold_cycles = opt_u64(state, "--hold-cycles", arg, 1, MAX_CYCLES);
		break;
	case OPT_PAUSE:
		opts->think_ns = opt_ns(state, "--pause", arg, 0, REFCOST_HOLD_MAX);
		break;
	case OPT_NO_BYSTANDER:
		opts->no_bystander = true;
		break;
	case OPT_OBJECTS:
		opts->objects = opt_objects(state, arg);
		break;
	case OPT_SEED:
		opts->seed = opt_u64(state, "--seed", arg, 0, UINT32_MAX);
		break;
	case 'o':
		opts->output = arg;
		break;
	case 'H':
		opts->histogram = true;
		break;
	case OPT_NO_TRACE:
		opts->no_trace = true;
		break;
	case OPT_MECH:
		opts->mech = opt_mechanism(state, arg);
		break;
	case OPT_DRY_RUN:
		opts->dry_run = true;
		break;
	case OPT_STRICT:
		opts->strict = true;
		break;
	case ARGP_KEY_ARG:
		argp_error(state, "does not know what to do with '%s'", arg);
		break;
	case ARGP_KEY_END:
		if (!opts->arms[ARM_IDLE] && !opts->arms[ARM_LOADED])
			opts->arms[ARM_IDLE] = opts->arms[ARM_LOADED] = true;
		if (!opts->hold_cycles)
			opts->hold_cycles = opts->cycles;
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
	"Measure how long it takes to unload a module, idle and while others use it. A scheme is a way to "
	"keep a module or its objects alive while they are in use, as a kref or try_module_get() (refcost "
	"list explains each); it decides whether an unload waits for users or fails as busy.\n\n"
	"Loads a module of its own (the victim), lets kernel threads use its objects (the loaded arm; in "
	"the idle arm nobody does), does what the scheme wants done before an unload (its gate), and calls "
	"delete_module(2), again and again while that is busy. Traces the call phase by phase. Keeps CPUs "
	"busy, and leaves nothing loaded; needs root. Prints a row per scheme, arm and hold; with -o DIR "
	"keeps every unload, for refcost report. Times take the suffixes ns, us, ms, s."
	"\vExamples:\n"
	"  refcost unload                         all schemes, idle and loaded, 23 each\n"
	"  refcost unload -s percpu_live -l 3 -H  one scheme, three users, histograms\n"
	"  refcost unload --hold 100us            users that stay inside for 100 us\n"
	"  refcost unload --hold 0,1us,100us,10ms --hold-cycles 9 --timeout 1s\n"
	"  refcost unload --rate 5                five unloads a second, on a schedule\n"
	"\nExit codes: 0 fine, 1 failed, 2 unreliable (--strict), 4 not possible here, 64 usage.\n",
	NULL,
	NULL,
	NULL,
};

int cmd_unload(int argc, char **argv)
{
	static struct unloads u = {
		.opts = {
			.workers = USERS_ALL_BUT_ONE,
			.cycles = 23,
			.attempts = 1000,
			.patience_ns = 5 * NSEC_PER_SEC,
			.nr_holds = 1,
			.objects = 1,
			.seed = 1,
		},
		.rounds.what = "unload",
	};
	int err;

	argp_parse(&argp, argc, argv, 0, NULL, &u.opts);
	err = unload_plan_make(&u);
	if (!err && u.opts.dry_run) {
		err = unload_dry(&u);
		goto out;
	}
	if (!err)
		err = need_root("unload");
	if (err)
		goto out;
	u.rng = order_begin(u.opts.seed);
	err = unload_output(&u);
	if (!err) {
		err = unload_measure(&u);
		err = unload_finish(&u, err);
	}
	unload_trace_close(&u);
	if (u.cycles)
		fclose(u.cycles);
	if (u.phases)
		fclose(u.phases);
	if (u.attempts)
		fclose(u.attempts);
	gsl_rng_free(u.rng);
	results_close(&u.results);
out:
	rounds_free(&u.rounds);
	schemes_free(&u.schemes);
	return err;
}
