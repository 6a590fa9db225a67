// SPDX-License-Identifier: GPL-2.0
/*
 * refcost objects: what a scheme costs for each object that a module has: memory, time to set its
 * count up, and an unload.
 */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>

#include "base/options.h"
#include "base/parse.h"
#include "base/refcost.h"
#include "measure/objects/parts.h"
#include "measure/order.h"

enum {
	OPT_OBJECTS = 256,
	OPT_SEED,
	OPT_DRY_RUN,
};

static const struct argp_option options[] = {
	{ "schemes", 's', "NAME,..", 0, "Schemes (default: all that protect something)", 0 },
	{ "objects", OPT_OBJECTS, "N,..", 0, "Objects of the victim (default 1,10,100,1000)", 0 },
	{ "cycles", 'n', "N", 0,
	  "Unloads of each scheme with each number of objects, of which the first is counted and the "
	  "others are timed (default 7)",
	  0 },
	{ "seed", OPT_SEED, "N", 0, "Of the order and the gaps (default 1)", 0 },
	{ "output", 'o', "DIR", 0, "Results directory; finished cycles in it are not run again",
	  0 },
	{ "dry-run", OPT_DRY_RUN, 0, 0,
	  "Print what would be measured and how long it takes, and do nothing", 0 },
	{ 0 },
};

static void parse_objects(struct objects_opts *opts, struct argp_state *state, const char *arg)
{
	int err = parse_counts(arg, opts->counts, OBJECTS_COUNTS, &opts->nr_counts);
	size_t i;

	for (i = 0; !err && i < opts->nr_counts; i++)
		err = opts->counts[i] > REFCOST_OBJECTS_MAX ? -ERANGE : 0;
	if (err)
		opt_bad(state, "--objects", arg, err);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct objects_opts *opts = state->input;

	switch (key) {
	case 's':
		opts->schemes = arg;
		break;
	case OPT_OBJECTS:
		parse_objects(opts, state, arg);
		break;
	case 'n':
		opts->cycles = opt_u64(state, "--cycles", arg, 2, 100000);
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
	case ARGP_KEY_ARG:
		argp_error(state, "does not know what to do with '%s'", arg);
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
	"Load a victim with some numbers of objects, bind the scheme to them, and unload it, without "
	"users: memory that the scheme takes for each object beside the object itself, time to set that "
	"up, time of the unload, and how often it waits for a grace period."
	"\vExamples:\n"
	"  refcost objects                           all schemes, with 1 to 1000 objects\n"
	"  refcost objects -s revocable,srcu,hazptr --objects 1,4096 -n 3\n"
	"\nExit codes: 0 fine, 1 failed, 4 not possible here, 64 usage.\n",
	NULL,
	NULL,
	NULL,
};

int cmd_objects(int argc, char **argv)
{
	static struct objects o = {
		.opts = {
			.counts = { 1, 10, 100, 1000 },
			.nr_counts = 4,
			.cycles = 7,
			.seed = 1,
		},
		.rounds.what = "unload",
	};
	int err;

	argp_parse(&argp, argc, argv, 0, NULL, &o.opts);
	err = objects_plan_make(&o);
	if (!err && o.opts.dry_run) {
		err = objects_dry(&o);
		goto out;
	}
	if (!err)
		err = need_root("objects");
	if (err)
		goto out;
	o.rng = order_begin(o.opts.seed);
	err = objects_measure(&o);
	if (o.rows)
		fclose(o.rows);
	gsl_rng_free(o.rng);
	if (o.results.doc)
		results_close(&o.results);
out:
	rounds_free(&o.rounds);
	schemes_free(&o.schemes);
	return err;
}
