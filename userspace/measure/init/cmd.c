// SPDX-License-Identifier: GPL-2.0
/*
 * refcost init: what users see of a module that is just being loaded.
 *
 * A cycle starts the users, waits for a random while, loads the victim under their eyes, and
 * unloads it as rmmod would. In the one-phase form of registration objects are listed first and can
 * be used when the module's init() is over: between the two every user who finds one is refused. In
 * the two-phase form they are listed when they can be used. Blocks are randomised as in refcost
 * run.
 */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/options.h"
#include "base/parse.h"
#include "base/refcost.h"
#include "measure/init/parts.h"
#include "measure/order.h"

enum {
	OPT_PHASES = 256,
	OPT_SEED,
	OPT_STRICT,
	OPT_DRY_RUN,
};

/* The group of options that most people do without: argp lists it last. */
#define EXPERT 1

static const struct argp_option options[] = {
	{ "schemes", 's', "NAME,..", 0, "Schemes (default percpu_live)", 0 },
	{ "phases", OPT_PHASES, "FORM,..", 0,
	  "one: objects are listed, and live when init() is over; two: listed when live (default both)",
	  0 },
	{ "load", 'l', "WORKERS", 0, "Users that wait for the objects (default: all CPUs but one)",
	  0 },
	{ "cycles", 'n', "N", 0, "Loads of each scheme and form (default 23)", 0 },
	{ "output", 'o', "DIR", 0, "Results directory; finished cycles in it are not run again",
	  0 },
	{ "dry-run", OPT_DRY_RUN, 0, 0,
	  "Print what would be measured and how long it takes, and do nothing", 0 },
	{ NULL, 0, NULL, 0, "Expert options:", EXPERT },
	{ "seed", OPT_SEED, "N", 0, "Of the order and the gaps (default 1)", EXPERT },
	{ "strict", OPT_STRICT, 0, 0, "Exit 2 if a validity check failed", EXPERT },
	{ 0 },
};

static void parse_forms(struct load_opts *opts, struct argp_state *state, char *arg)
{
	int chosen[FORMS];
	size_t n = opt_choices(state, "phases", arg, form_names, FORMS, chosen);

	while (n--)
		opts->forms[chosen[n]] = true;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct load_opts *opts = state->input;

	switch (key) {
	case 's':
		opts->schemes = arg;
		break;
	case OPT_PHASES:
		parse_forms(opts, state, arg);
		break;
	case 'l':
		opts->workers = opt_u64(state, "--load", arg, 1, USERS_MAX);
		break;
	case 'n':
		opts->cycles = opt_u64(state, "--cycles", arg, 1, 100000);
		break;
	case OPT_SEED:
		opts->seed = opt_u64(state, "--seed", arg, 0, UINT32_MAX);
		break;
	case 'o':
		opts->output = arg;
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
		if (!opts->forms[FORM_ONE_PHASE] && !opts->forms[FORM_TWO_PHASE])
			opts->forms[FORM_ONE_PHASE] = opts->forms[FORM_TWO_PHASE] = true;
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
	"Measure what users see of a module while its init() runs. A module that lists its objects before "
	"they can be used turns away users who find one in between; refcost loads such a module (the "
	"victim) again and again, while kernel threads look its objects up, and one that lists them only "
	"when they can be used.\n\n"
	"Keeps the CPUs busy, and leaves nothing loaded; needs root. Prints per scheme and form how long "
	"objects could be found and not used, and how many lookups were refused; with -o DIR keeps every "
	"load, for refcost report."
	"\vExamples:\n"
	"  refcost init                           percpu_live, both forms, 23 each\n"
	"  refcost init -s percpu_live,percpu_alloc --phases one -n 101\n"
	"  refcost init -s kref --phases two      objects that are listed when usable\n"
	"\nExit codes: 0 fine, 1 failed, 2 unreliable (--strict), 4 not possible here, 64 usage.\n",
	NULL,
	NULL,
	NULL,
};

int cmd_init(int argc, char **argv)
{
	static struct loads l = {
		.opts = {
			.schemes = "percpu_live",
			.workers = USERS_ALL_BUT_ONE,
			.cycles = 23,
			.seed = 1,
		},
		.rounds.what = "load",
	};
	int err;

	argp_parse(&argp, argc, argv, 0, NULL, &l.opts);
	err = schemes_read(&l.schemes);
	if (!err)
		err = schemes_select(&l.schemes, l.opts.schemes, false);
	if (!err)
		err = users_plan(&l.users, l.opts.workers);
	l.rounds.seed = l.opts.seed;
	if (!err && l.opts.dry_run) {
		err = load_dry(&l);
		goto out;
	}
	if (!err)
		err = need_root("init");
	if (err)
		goto out;
	l.rng = order_begin(l.opts.seed);
	err = load_measure(&l);
	if (l.rows)
		fclose(l.rows);
	gsl_rng_free(l.rng);
	if (l.results.doc)
		results_close(&l.results);
out:
	rounds_free(&l.rounds);
	schemes_free(&l.schemes);
	return err;
}
