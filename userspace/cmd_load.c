// SPDX-License-Identifier: GPL-2.0
/*
 * refcost load: what users see of a module that is just being loaded.
 *
 * A cycle starts the users, waits for a random while, loads the victim under their eyes, and unloads it as
 * rmmod would. In the one-phase form of registration objects are listed first and can be used when the
 * module's init() is over: between the two every user who finds one is refused. In the two-phase form they
 * are listed when they can be used. Blocks are randomised as in refcost run.
 */
#include <argp.h>
#include <errno.h>
#include <gsl/gsl_rng.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "csv.h"
#include "dry_run.h"
#include "options.h"
#include "order.h"
#include "parse.h"
#include "progress.h"
#include "refcost.h"
#include "results.h"
#include "resume.h"
#include "stats.h"
#include "suite.h"
#include "users.h"

#define USE_NS	     (10 * NSEC_PER_MSEC) /* users have the loaded victim for so long */
#define MAX_ATTEMPTS 1000
#define PATIENCE_NS  (5 * NSEC_PER_SEC)

enum form { ONE_PHASE, TWO_PHASE, FORMS };

static const char *const form_names[] = { [ONE_PHASE] = "one", [TWO_PHASE] = "two" };

static struct env {
	const char *schemes;
	const char *output;
	bool forms[FORMS];
	uint64_t workers;
	uint64_t cycles;
	uint64_t seed;
	bool strict;
	bool dry_run;
} env = {
	.schemes = "percpu_live",
	.workers = USERS_ALL_BUT_ONE,
	.cycles = 23,
	.seed = 1,
};

enum {
	OPT_PHASES = 256,
	OPT_SEED,
	OPT_STRICT,
	OPT_DRY_RUN,
};

static const struct argp_option options[] = {
	{ "schemes", 's', "NAME,..", 0, "Schemes (default percpu_live)", 0 },
	{ "phases", OPT_PHASES, "FORM,..", 0,
	  "one: objects are listed, and live when init() is over; two: listed when live (default both)",
	  0 },
	{ "load", 'l', "WORKERS", 0, "Users that wait for the objects (default: all CPUs but one)",
	  0 },
	{ "cycles", 'n', "N", 0, "Loads of each scheme and form (default 23)", 0 },
	{ "seed", OPT_SEED, "N", 0, "Of the order and the gaps (default 1)", 0 },
	{ "output", 'o', "DIR", 0, "Results directory; finished cycles in it are not run again",
	  0 },
	{ "dry-run", OPT_DRY_RUN, 0, 0,
	  "Print what would be measured and how long it takes, and do nothing", 0 },
	{ "strict", OPT_STRICT, 0, 0, "Exit 2 if a validity check failed", 0 },
	{ 0 },
};

static void parse_forms(struct argp_state *state, char *arg)
{
	const char *names[FORMS];
	char *copy = strdup(arg);
	size_t n = 0, i;
	int err = copy ? parse_names(copy, names, FORMS, &n) : -ENOMEM;

	if (err)
		opt_bad(state, "--phases", arg, err);
	for (i = 0; i < n; i++) {
		if (!strcmp(names[i], form_names[ONE_PHASE]))
			env.forms[ONE_PHASE] = true;
		else if (!strcmp(names[i], form_names[TWO_PHASE]))
			env.forms[TWO_PHASE] = true;
		else
			argp_error(state,
				   "no form '%s': --phases takes one, two or both with a comma",
				   names[i]);
	}
	free(copy);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 's':
		env.schemes = arg;
		break;
	case OPT_PHASES:
		parse_forms(state, arg);
		break;
	case 'l':
		env.workers = opt_u64(state, "--load", arg, 1, USERS_MAX);
		break;
	case 'n':
		env.cycles = opt_u64(state, "--cycles", arg, 1, 100000);
		break;
	case OPT_SEED:
		env.seed = opt_u64(state, "--seed", arg, 0, UINT32_MAX);
		break;
	case 'o':
		env.output = arg;
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
		if (!env.forms[ONE_PHASE] && !env.forms[TWO_PHASE])
			env.forms[ONE_PHASE] = env.forms[TWO_PHASE] = true;
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
	"Load the victim while users are looking for its objects already, and measure how long these can "
	"be found, but not used, and how many lookups are refused meanwhile."
	"\vExamples:\n"
	"  refcost load                              percpu_live, both forms, 23 loads each\n"
	"  refcost load -s percpu_live,percpu_alloc --phases one -n 101\n"
	"  refcost load -s kref --phases two         objects that can be used as soon as they are listed\n"
	"\nExit codes: 0 fine, 1 failed, 2 unreliable (--strict), 4 not possible here, 64 usage.\n",
	NULL,
	NULL,
	NULL,
};

/* What is measured once in each block. */
struct cell_plan {
	const struct scheme_desc *scheme;
	enum form form;
};

struct loads {
	struct schemes schemes;
	struct cell_plan *cells;
	size_t nr_cells;
	struct users users;
	struct results results;
	struct json_object *section;
	FILE *rows;
	struct csv done;
	gsl_rng *rng;
	uint32_t hz;
	uint64_t started_ns;
	size_t finished;
	size_t starved, early;
};

#define ROWS_HEADER "cycle,scheme,phases,workers,window_ns,refused,load_ns,ops,violations"

static uint32_t form_flags(enum form form)
{
	return REFCOST_RUN_EARLY | (form == ONE_PHASE ? REFCOST_RUN_ONE_PHASE : 0);
}

static int start(const struct loads *l, int fd, const struct cell_plan *cell, uint64_t workers,
		 uint64_t seed)
{
	struct refcost_run run = {
		.flags = form_flags(cell->form),
		.objects = 1,
		.nr_cpus = workers,
		.seed = seed,
	};
	int err = users_start(&l->users, fd, cell->scheme, &run);
	char why[128];

	/* the caller knows what these mean */
	if (!err || err == -EINTR || err == -EOPNOTSUPP)
		return err;
	say("%s: %s", cell->scheme->name, device_why(-err, &run, why, sizeof(why)));
	return err;
}

/* One cycle and what is known about it so far. */
struct cycle {
	uint64_t number;
	const struct cell_plan *cell;
	uint64_t load_ns;
	struct refcost_load_stat seen; /* before the first attempt to unload */
	struct refcost_load_stat end;
	struct unloading unloading;
};

/* Load, let it be used, look, and unload. */
static int load_and_unload(struct loads *l, int fd, struct cycle *c)
{
	uint64_t begin = now_ns();
	int err;

	err = victim_load(1);
	if (err)
		return err;
	c->load_ns = now_ns() - begin;
	sleep_until_ns(now_ns() + USE_NS);
	if (interrupted)
		return EXIT_FAILED;
	c->seen.size = sizeof(c->seen);
	err = ioctl(fd, REFCOST_IOC_LOAD_STAT, &c->seen) ? -errno : 0;
	err = err ?: users_unload(fd, l->rng, &c->unloading);
	if (err && err != -EINTR)
		say("%s: cannot unload %s: %s", c->cell->scheme->name, SUITE_VICTIM,
		    strerror(-err));
	return err ? EXIT_FAILED : EXIT_FINE;
}

static int give_up(struct loads *l, const struct cycle *c)
{
	say("%s, %s: starved: busy in all %lu attempts in %.2f s", c->cell->scheme->name,
	    form_names[c->cell->form], c->unloading.attempts,
	    c->unloading.tried_ns / (double)NSEC_PER_SEC);
	l->starved++;
	return users_unload_alone();
}

static int write_row(struct loads *l, const struct cycle *c)
{
	const struct refcost_load_stat *seen = &c->seen;

	if (!seen->listed_ns || seen->live_ns < seen->listed_ns)
		return fail(EXIT_FAILED, "%s: the module does not say when its objects became live",
			    c->cell->scheme->name);
	l->early += c->cell->form == TWO_PHASE ? seen->refused : 0;
	fprintf(l->rows, "%lu,%s,%s,%lu,%llu,%llu,%lu,%llu,%llu\n", c->number,
		c->cell->scheme->name, form_names[c->cell->form], l->users.workers,
		seen->live_ns - seen->listed_ns, seen->refused, c->load_ns, seen->ops,
		c->end.violations);
	return results_check(&l->results, l->rows);
}

static int cycle(struct loads *l, int fd, uint64_t number, const struct cell_plan *cell)
{
	struct cycle c = {
		.number = number,
		.cell = cell,
		.unloading = { .max_attempts = MAX_ATTEMPTS, .patience_ns = PATIENCE_NS },
	};
	int err, stopped;

	if (start(l, fd, cell, l->users.workers, env.seed + number))
		return EXIT_FAILED;
	sleep_until_ns(now_ns() + users_gap(l->rng, l->hz));
	err = interrupted ? EXIT_FAILED : load_and_unload(l, fd, &c);
	stopped = users_stop(fd, cell->scheme, &c.end);
	err = err ?: stopped;
	if (!err && !c.unloading.gone)
		err = give_up(l, &c);
	return err ?: write_row(l, &c);
}

static bool cycle_done(const struct loads *l, uint64_t number, const struct cell_plan *cell)
{
	const struct csv *t = &l->done;
	int n = csv_col(t, "cycle"), s = csv_col(t, "scheme"), p = csv_col(t, "phases");
	size_t i;

	for (i = 0; i < t->rows; i++)
		if ((uint64_t)csv_num(t, i, n) == number &&
		    !strcmp(csv_get(t, i, s), cell->scheme->name) &&
		    !strcmp(csv_get(t, i, p), form_names[cell->form]))
			return true;
	return false;
}

static int all_cycles(struct loads *l, int fd)
{
	gsl_rng *rng = order_begin(env.seed); /* of its own: the gaps must not change the order */
	size_t order[l->nr_cells], total = l->nr_cells * env.cycles, i;
	int err = EXIT_FINE;
	uint64_t number;

	l->started_ns = now_ns();
	for (number = 0; number < env.cycles && !err; number++) {
		order_draw(rng, order, l->nr_cells);
		for (i = 0; i < l->nr_cells && !err; i++) {
			const struct cell_plan *cell = &l->cells[order[i]];

			if (interrupted)
				err = EXIT_FAILED;
			else if (!cycle_done(l, number, cell))
				err = cycle(l, fd, number, cell);
			else
				progress_skip(1);
			if (!err)
				progress("load", ++l->finished, total, l->started_ns);
		}
	}
	gsl_rng_free(rng);
	return err;
}

/* The module knows which schemes have which form: a load without users asks it. */
static int plan_cells(struct loads *l, int fd)
{
	size_t s;
	int form;

	l->cells = calloc(l->schemes.n * FORMS, sizeof(*l->cells));
	if (!l->cells)
		return fail(EXIT_FAILED, "out of memory");
	for (s = 0; s < l->schemes.n; s++) {
		for (form = 0; form < FORMS; form++) {
			struct cell_plan cell = { &l->schemes.v[s], form };
			struct refcost_load_stat stat;
			int err;

			if (!env.forms[form])
				continue;
			err = start(l, fd, &cell, 0, 0);
			if (err == -EOPNOTSUPP) {
				say("%s has no one-phase form: its objects can be used as soon as they are listed",
				    cell.scheme->name);
				continue;
			}
			if (err || users_stop(fd, cell.scheme, &stat))
				return EXIT_FAILED;
			l->cells[l->nr_cells++] = cell;
		}
	}
	return l->nr_cells ? EXIT_FINE : EXIT_LACKING;
}

static struct json_object *plan_json(const struct loads *l)
{
	struct json_object *o = json_object_new_object(), *list = json_object_new_array();
	size_t i;

	for (i = 0; i < l->schemes.n; i++)
		json_object_array_add(list, json_object_new_string(l->schemes.v[i].name));
	json_object_object_add(o, "schemes", list);
	list = json_object_new_array();
	for (i = 0; i < FORMS; i++)
		if (env.forms[i])
			json_object_array_add(list, json_object_new_string(form_names[i]));
	json_object_object_add(o, "phases", list);
	json_object_object_add(o, "workers", json_object_new_int64(l->users.workers));
	json_object_object_add(o, "cycles", json_object_new_int64(env.cycles));
	json_object_object_add(o, "seed", json_object_new_int64(env.seed));
	return o;
}

static int open_output(struct loads *l)
{
	int err = results_open(&l->results, env.output);

	if (err)
		return err;
	l->section = results_section(&l->results, "loading", plan_json(l));
	l->rows = l->section ? results_csv(&l->results, "loading.csv", ROWS_HEADER) : NULL;
	if (!l->rows)
		return EXIT_FAILED;
	return resume_done(&l->results, "loading.csv", &l->done) ?: results_save(&l->results);
}

/* One line of the table: a scheme and a form. @v has room for two values a row. */
static int print_cell(const struct csv *csv, const struct cell_plan *cell, double *v)
{
	int scheme = csv_col(csv, "scheme"), form = csv_col(csv, "phases");
	int window = csv_col(csv, "window_ns"), refused = csv_col(csv, "refused");
	double *windows = v, *refusals = v + csv->rows;
	struct stats_summary us, lookups;
	size_t n = 0, i;

	for (i = 0; i < csv->rows; i++) {
		if (strcmp(csv_get(csv, i, scheme), cell->scheme->name) ||
		    strcmp(csv_get(csv, i, form), form_names[cell->form]))
			continue;
		windows[n] = csv_num(csv, i, window) / 1e3;
		refusals[n++] = csv_num(csv, i, refused);
	}
	if (!n)
		return EXIT_FINE;
	if (stats_summarise(windows, n, &us) || stats_summarise(refusals, n, &lookups))
		return fail(EXIT_FAILED, "cannot summarise loading.csv");
	printf("%-20s %-6s %4zu %13.1f %13.1f %11.0f %11.0f %11.0f\n", cell->scheme->name,
	       form_names[cell->form], n, us.median, us.max, lookups.median, lookups.max,
	       lookups.mean * n);
	return EXIT_FINE;
}

/* All that the directory holds, also of runs before this one. */
static int print_table(const struct loads *l)
{
	struct csv csv;
	int err = resume_done(&l->results, "loading.csv", &csv);
	double *v = NULL;
	size_t i;

	if (!err && csv.rows) {
		v = calloc(csv.rows, 2 * sizeof(*v));
		if (!v)
			err = fail(EXIT_FAILED, "out of memory");
		printf("%-20s %-6s %4s %13s %13s %11s %11s %11s\n", "scheme", "phases", "n",
		       "window us p50", "window us max", "refused p50", "refused max",
		       "all refused");
	}
	for (i = 0; i < l->nr_cells && !err && v; i++)
		err = print_cell(&csv, &l->cells[i], v);
	free(v);
	csv_free(&csv);
	return err;
}

static int finish(struct loads *l, int err)
{
	int printed;

	results_add(l->section, "starved", l->starved);
	results_add(l->section, "refused_in_two_phases", l->early);
	json_object_object_add(l->section, "status",
			       json_object_new_string(err ? "partial" : "complete"));
	if (results_save(&l->results))
		return EXIT_FAILED;
	if (interrupted)
		say("interrupted after %zu of %zu loads%s%s", l->finished,
		    l->nr_cells * (size_t)env.cycles,
		    l->results.temporary ? ""
					 : "; kept, marked partial; the same command goes on in ",
		    l->results.temporary ? "" : l->results.dir);
	printed = print_table(l);
	if (l->early)
		printf("%zu lookups refused in two phases, where none can be\n", l->early);
	if (!err && env.strict && l->early)
		return fail(EXIT_UNRELIABLE,
			    "objects were listed before they were live: unreliable");
	return err ?: printed;
}

static int measure(struct loads *l, int fd)
{
	int err = plan_cells(l, fd);

	err = err ?: open_output(l);
	if (err)
		return err;
	return finish(l, all_cycles(l, fd));
}

static int load_and_measure(struct loads *l)
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
		l->hz = info.hz;
		err = measure(l, fd);
		close(fd);
	}
	unload = suite_unload();
	return err ?: unload;
}

/* Which schemes have which form the module alone can say: the plan is of all that were asked for. */
static int dry_run(struct loads *l)
{
	struct dry_run d = { .what = "loads, if each scheme has each form",
			     .worst = "users starve every unload",
			     .seed = env.seed };
	size_t order[l->schemes.n * FORMS], nr_cells = 0, i;
	struct cell_plan cells[l->schemes.n * FORMS];
	gsl_rng *rng = order_begin(env.seed);
	int err = dry_run_look(env.output, "loading", plan_json(l), "loading.csv", &l->done);

	for (i = 0; i < l->schemes.n * FORMS; i++)
		if (env.forms[i % FORMS])
			cells[nr_cells++] =
				(struct cell_plan){ &l->schemes.v[i / FORMS], i % FORMS };
	order_draw(rng, order, nr_cells);
	for (i = 0; i < nr_cells && !err; i++) {
		const struct cell_plan *c = &cells[order[i]];
		uint64_t number, done = 0;
		char name[128];

		for (number = 0; number < env.cycles; number++)
			done += cycle_done(l, number, c);
		snprintf(name, sizeof(name), "%s, phases %s", c->scheme->name, form_names[c->form]);
		dry_run_cell(&d, name, env.cycles, done, dry_run_pace()->load, 0);
	}
	if (!err)
		dry_run_end(&d);
	gsl_rng_free(rng);
	csv_free(&l->done);
	return err;
}

int cmd_load(int argc, char **argv)
{
	static struct loads l;
	int err;

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	err = schemes_read(&l.schemes);
	err = err ?: schemes_select(&l.schemes, env.schemes, false);
	err = err ?: users_plan(&l.users, env.workers);
	if (!err && env.dry_run) {
		err = dry_run(&l);
		goto out;
	}
	err = err ?: need_root("load");
	if (err)
		goto out;
	l.rng = order_begin(env.seed);
	err = load_and_measure(&l);
	if (l.rows)
		fclose(l.rows);
	csv_free(&l.done);
	gsl_rng_free(l.rng);
	if (l.results.doc)
		results_close(&l.results);
out:
	free(l.cells);
	schemes_free(&l.schemes);
	return err;
}
