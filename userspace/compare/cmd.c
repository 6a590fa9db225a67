// SPDX-License-Identifier: GPL-2.0
/*
 * refcost compare: two results directories, cell by cell, and whether anything got slower.
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/options.h"
#include "base/parse.h"
#include "base/refcost.h"
#include "compare/compare.h"
#include "machine/events.h"
#include "model/counters.h"

static struct env {
	const char *dir[2];
	const char *figure;
	const char *counters;
	struct compare_how how;
	struct events events;
	bool force, csv, different;
} env = {
	.how = { .threshold = 0.05, .seed = 1 },
};

enum {
	OPT_COUNTERS = 256,
	OPT_CSV,
	OPT_DIFFERENT,
	OPT_FIGURE,
	OPT_FORCE,
	OPT_ONLY,
	OPT_SEED,
	OPT_THRESHOLD,
};

static const struct argp_option options[] = {
	{ "schemes", 's', "NAME,..", 0, "Compare these schemes (all)", 0 },
	{ "only", OPT_ONLY, "WHAT,..", 0,
	  "Compare times, unloads, instructions, counters, or some of them (all)", 0 },
	{ "counters", OPT_COUNTERS, "EVENT,..", OPTION_ARG_OPTIONAL,
	  "A counter that rose (of all events, or of these alone) has regressed, too", 0 },
	{ "different", OPT_DIFFERENT, 0, 0, "Print only cells that differ", 0 },
	{ "threshold", OPT_THRESHOLD, "PCT", 0,
	  "A cell has regressed that is slower, and by more than this (5)", 0 },
	{ "force", OPT_FORCE, 0, 0, "Compare runs of unlike environments all the same", 0 },
	{ "csv", OPT_CSV, 0, 0, "Print comma-separated values; the summary goes to standard error",
	  0 },
	{ "figure", OPT_FIGURE, "FILE.svg", 0, "Draw the ratios; their data go beside, to FILE.dat",
	  0 },
	{ "seed", OPT_SEED, "N", 0, "Of the bootstrap (1)", 0 },
	{ 0 },
};

static double opt_percent(struct argp_state *state, const char *arg)
{
	char *end;
	double v = strtod(arg, &end);

	if (!*arg || strspn(arg, "0123456789.") != strlen(arg) || *end || v > 1e6)
		argp_error(state, "--threshold '%s': give per cent, 0 or more", arg);
	return v;
}

/* A copy of @arg cut into @names, which stay as long as the copy does. */
static char *opt_names(struct argp_state *state, const char *option, const char *arg,
		       const char **names, size_t cap, size_t *n)
{
	char *list = strdup(arg);
	int err = list ? parse_names(list, names, cap, n) : -ENOMEM;

	if (err)
		opt_bad(state, option, arg, err);
	return list;
}

/* Named until the program ends. */
static void opt_schemes(struct argp_state *state, const char *arg)
{
	static const char *names[128];
	static char *list;

	free(list);
	list = opt_names(state, "--schemes", arg, names, ARRAY_SIZE(names), &env.how.nr_schemes);
	env.how.schemes = names;
}

static void opt_only(struct argp_state *state, const char *arg)
{
	static const char *const words[COMPARE_WHATS] = {
		[COMPARE_TIME] = "times",
		[COMPARE_UNLOAD] = "unloads",
		[COMPARE_INSTRUCTIONS] = "instructions",
		[COMPARE_COUNTER] = "counters",
	};
	const char *names[COMPARE_WHATS];
	size_t n = 0, i;
	char *list = opt_names(state, "--only", arg, names, ARRAY_SIZE(names), &n);
	int what;

	for (what = 0; what < COMPARE_WHATS; what++)
		env.how.leave_out[what] = true;
	for (i = 0; i < n; i++) {
		for (what = 0; what < COMPARE_WHATS && strcmp(names[i], words[what]); what++)
			;
		if (what == COMPARE_WHATS)
			argp_error(state,
				   "--only '%s': use times, unloads, instructions or counters",
				   names[i]);
		env.how.leave_out[what] = false;
		env.how.counters_regress |= what == COMPARE_COUNTER;
	}
	free(list);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	size_t len = arg ? strlen(arg) : 0;

	switch (key) {
	case OPT_DIFFERENT:
		env.different = true;
		break;
	case 's':
		opt_schemes(state, arg);
		break;
	case OPT_ONLY:
		opt_only(state, arg);
		break;
	case OPT_COUNTERS:
		env.how.counters_regress = true;
		env.counters = arg;
		break;
	case OPT_THRESHOLD:
		env.how.threshold = opt_percent(state, arg) / 100;
		break;
	case OPT_FORCE:
		env.force = true;
		break;
	case OPT_CSV:
		env.csv = true;
		break;
	case OPT_FIGURE:
		if (len < 5 || strcmp(arg + len - 4, ".svg") || len > PATH_MAX - 16)
			argp_error(state, "--figure '%s': give a file name that ends with .svg",
				   arg);
		env.figure = arg;
		break;
	case OPT_SEED:
		env.how.seed = opt_u64(state, "--seed", arg, 0, UINT32_MAX);
		break;
	case ARGP_KEY_ARG:
		if (state->arg_num > 1)
			argp_error(state, "takes two results directories");
		env.dir[state->arg_num] = arg;
		break;
	case ARGP_KEY_END:
		if (state->arg_num < 2)
			argp_error(
				state,
				"give two results directories, the one to be held against first");
		if (env.how.counters_regress && env.how.leave_out[COMPARE_COUNTER])
			argp_error(state, "--counters: --only leaves them out");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp argp = {
	options,
	parse,
	"A B",
	"Compare two results directories cell by cell: ratios of medians, B over A, with bootstrap "
	"intervals (99 %), times to unload, instructions and counters included."
	"\vExit codes: 0 nothing regressed, 1 failed, 3 something regressed, 64 usage.\n\n"
	"Examples:\n"
	"  refcost compare results/before results/after\n"
	"  refcost compare --different -s kref,rwsem --figure ratio.svg before after\n"
	"  refcost compare --only instructions --threshold 0 before after\n"
	"  refcost compare --only counters --counters=cache-misses before after\n"
	"  refcost compare --csv A B | awk -F, '$16 == \"slower\"'\n"
	"The man page shows how to use it with git bisect.\n",
	NULL,
	NULL,
	NULL,
};

/* Names as refcost run takes them; without one it is about all events. */
static int read_events(void)
{
	int err = env.counters ? events_parse(env.counters, &env.events) : EXIT_FINE;

	env.how.events = env.counters ? env.events.names : NULL;
	env.how.nr_events = env.events.n;
	return err;
}

static int read_runs(struct model m[2])
{
	int err;

	err = model_read(&m[0], env.dir[0]);
	if (err)
		return err;
	err = model_read(&m[1], env.dir[1]);
	if (err)
		model_free(&m[0]);
	return err;
}

/* What differs in how the two were measured is written to @text, which is to be freed. */
static int check_alike(const struct model m[2], char **text)
{
	size_t len, n;
	FILE *f = open_memstream(text, &len);

	if (!f)
		return fail(EXIT_FAILED, "out of memory");
	n = compare_environments(&m[0], &m[1], &env.how, f);
	fclose(f);
	if (!n || env.force)
		return EXIT_FINE;
	return fail(
		EXIT_FAILED,
		"%s and %s were measured in unlike environments: %s: measure again, or compare them "
		"all the same with --force",
		env.dir[0], env.dir[1], *text);
}

static void print_run(FILE *f, char name, const struct model *m)
{
	fprintf(f, "%c: %s: refcost %s, %s%s\n", name, m->results.dir,
		model_text(m, "environment.refcost"), model_text(m, "date"),
		!strcmp(model_text(m, "run.status"), "partial") ||
				!strcmp(model_text(m, "unload.status"), "partial")
			? ", partial"
			: "");
}

static void print_head(FILE *f, const struct model m[2], const char *unlike)
{
	print_run(f, 'A', &m[0]);
	print_run(f, 'B', &m[1]);
	fprintf(f, "%s, Linux %s, %s CPUs\n", model_text(&m[1], "environment.machine.kind"),
		model_text(&m[1], "environment.kernel.release"),
		model_text(&m[1], "environment.cpu.online"));
	if (*unlike)
		fprintf(f, "Unlike environments, compared all the same: %s\n", unlike);
}

/* How many cells have each verdict. */
struct tally {
	size_t n[COMPARE_VERDICTS], judged;
};

static void tally_add(struct tally *t, const struct compare *c, enum compare_what what)
{
	int v;

	for (v = 0; v < COMPARE_VERDICTS; v++)
		t->n[v] += compare_count(c, what, v);
	t->judged = t->n[COMPARE_SLOWER] + t->n[COMPARE_FASTER] + t->n[COMPARE_NONE];
}

static void print_tally(FILE *f, const struct tally *t, const char *what, const char *more,
			const char *less)
{
	if (t->judged + t->n[COMPARE_FEW])
		fprintf(f, "%s: %zu cells judged: %zu %s, %zu %s, %zu no difference detected.\n",
			what, t->judged, t->n[COMPARE_SLOWER], more, t->n[COMPARE_FASTER], less,
			t->n[COMPARE_NONE]);
}

/* Each cell has its own chance of an interval that misses 1 though nothing changed. */
static void print_intervals(FILE *f, const struct tally *times, const struct tally *counters)
{
	size_t judged = times->judged + counters->judged;
	size_t few = times->n[COMPARE_FEW] + counters->n[COMPARE_FEW];

	if (judged)
		fprintf(f,
			"By chance alone up to about %.1f of %zu would differ (99 %%), half %s.\n",
			judged * (1 - BOOTSTRAP_LEVEL), judged,
			counters->judged ? "upwards" : "slower");
	if (judged)
		fprintf(f, "Intervals: bootstrap, %d resamples, seed %lu.\n", BOOTSTRAP_RESAMPLES,
			env.how.seed);
	if (few)
		fprintf(f, "Not judged: %zu cells, of under %d samples or starved in both runs.\n",
			few, BOOTSTRAP_MIN);
}

static void print_summary(FILE *f, const struct compare *c, const struct model m[2])
{
	struct tally times = { 0 }, exact = { 0 }, counters = { 0 };

	tally_add(&times, c, COMPARE_TIME);
	tally_add(&times, c, COMPARE_UNLOAD);
	tally_add(&exact, c, COMPARE_INSTRUCTIONS);
	tally_add(&counters, c, COMPARE_COUNTER);
	print_tally(f, &times, "Times", "slower", "faster");
	print_tally(f, &counters, "Counters", "more", "fewer");
	print_intervals(f, &times, &counters);
	if (exact.judged)
		fprintf(f, "Instructions: %zu counts compared: %zu more, %zu fewer, %zu equal.\n",
			exact.judged, exact.n[COMPARE_SLOWER], exact.n[COMPARE_FASTER],
			exact.n[COMPARE_NONE]);
	if (!env.how.leave_out[COMPARE_COUNTER])
		compare_print_uncommon(f, &m[0], &m[1]);
	if (c->alone_a || c->alone_b)
		fprintf(f, "In one run alone: %zu cells of A, %zu of B.\n", c->alone_a, c->alone_b);
	fprintf(f, "Regressed (slower or more, by over %g %%%s): %zu.\n", 100 * env.how.threshold,
		counters.judged && !env.how.counters_regress ? "; counters apart" : "",
		compare_regressed(c));
}

static bool any_multiplexed(const struct compare *c)
{
	size_t i;

	for (i = 0; i < c->n && !c->v[i].multiplexed; i++)
		;
	return i < c->n;
}

static int print_all(const struct compare *c, const struct model m[2], const char *unlike)
{
	FILE *f = env.csv ? stderr : stdout;

	print_head(f, m, unlike);
	if (env.csv)
		compare_print_csv(c, env.different);
	else
		compare_print_table(c, env.different);
	fputs("\n", f);
	if (!env.csv)
		fputs("* regressed; o more workers than CPUs; u unreliable: drift or little overlap\n",
		      f);
	if (!env.csv && any_multiplexed(c))
		fputs("m multiplexed: in either run the event took turns with others on a counter\n",
		      f);
	print_summary(f, c, m);
	if (fflush(stdout) || ferror(stdout))
		return fail(EXIT_FAILED, "cannot write the table: %s", strerror(errno));
	return EXIT_FINE;
}

/* The last part of a directory's name. */
static const char *name_of(const struct model *m)
{
	const char *slash = strrchr(m->results.dir, '/');

	return slash && slash[1] ? slash + 1 : m->results.dir;
}

static int draw(const struct compare *c, const struct model m[2])
{
	char label[512];

	snprintf(label, sizeof(label), "A: %.60s (%s), B: %.60s (%s); %s, Linux %s", name_of(&m[0]),
		 model_text(&m[0], "environment.refcost"), name_of(&m[1]),
		 model_text(&m[1], "environment.refcost"),
		 model_text(&m[1], "environment.machine.kind"),
		 model_text(&m[1], "environment.kernel.release"));
	return compare_figure(c, label, env.figure);
}

/* A name that neither run knows is a slip of the pen. */
static int check_schemes(const struct model m[2])
{
	size_t i;

	for (i = 0; i < env.how.nr_schemes; i++)
		if (!model_scheme(&m[0], env.how.schemes[i]) &&
		    !model_scheme(&m[1], env.how.schemes[i]))
			return fail(EXIT_USAGE, "no scheme '%s' in %s or %s: see their schemes.csv",
				    env.how.schemes[i], env.dir[0], env.dir[1]);
	return EXIT_FINE;
}

/* What was asked for has to be there: a run without it is neither better nor worse. */
static int check_events(const struct model m[2])
{
	const char *why, *events[COUNTERS_MOST];
	size_t i;
	int side;

	for (i = 0; i < env.how.nr_events; i++)
		for (side = 0; side < 2; side++) {
			why = counters_lacking(&m[side], env.how.events[i]);
			if (why)
				return fail(EXIT_FAILED, "%s has no count of %s: %s", env.dir[side],
					    env.how.events[i], why);
		}
	if (env.how.counters_regress && !compare_events(&m[0], &m[1], &env.how, events))
		return fail(EXIT_FAILED,
			    "%s and %s have no counts of the same event: measure both with "
			    "refcost run --counters",
			    env.dir[0], env.dir[1]);
	return EXIT_FINE;
}

static int compare(const struct model m[2])
{
	struct compare c = { 0 };
	char *unlike = NULL;
	int err;

	err = model_check(&m[0]) ?: model_check(&m[1]) ?: check_schemes(m);
	if (!err)
		err = check_events(m);
	if (!err)
		err = check_alike(m, &unlike);
	if (!err)
		err = compare_models(&c, &m[0], &m[1], &env.how);
	if (!err && !c.n)
		err = fail(EXIT_FAILED, "%s and %s have no cell in common: nothing to compare",
			   env.dir[0], env.dir[1]);
	if (!err)
		err = print_all(&c, m, unlike);
	if (!err && env.figure)
		err = draw(&c, m);
	if (!err && compare_regressed(&c))
		err = EXIT_REGRESSED;
	compare_free(&c);
	free(unlike);
	return err;
}

int cmd_compare(int argc, char **argv)
{
	struct model m[2];
	int err;

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	err = read_events() ?: read_runs(m);
	if (err)
		goto out;
	err = compare(m);
	model_free(&m[0]);
	model_free(&m[1]);
out:
	events_free(&env.events);
	return err;
}
