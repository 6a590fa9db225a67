// SPDX-License-Identifier: GPL-2.0
/*
 * The cycles of refcost init, block by block in random order: start the users, load the victim
 * under their eyes, and unload it; a row each.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/refcost.h"
#include "measure/init/parts.h"

#define USE_NS	     (10 * NSEC_PER_MSEC) /* users have the loaded victim for so long */
#define MAX_ATTEMPTS 1000
#define PATIENCE_NS  (5 * NSEC_PER_SEC)

#define ROWS_COLUMNS "workers,window_ns,refused,load_ns,ops,violations"

static uint32_t form_flags(enum cell_form form)
{
	return REFCOST_RUN_EARLY | (form == FORM_ONE_PHASE ? REFCOST_RUN_ONE_PHASE : 0);
}

static int start(const struct loads *l, int fd, const struct cell_plan *cell, uint64_t workers,
		 uint64_t seed)
{
	struct refcost_run run = {
		.flags = form_flags(cell->key.form),
		.objects = 1,
		.nr_cpus = workers,
		.seed = seed,
	};
	int err;
	char why[256];

	err = users_start(&l->users, fd, cell->scheme, &run);
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
	char why[256];
	int err;

	err = victim_load(1);
	if (err)
		return err;
	c->load_ns = now_ns() - begin;
	sleep_until_ns(now_ns() + USE_NS);
	if (interrupted)
		return EXIT_FAILED;
	c->seen.size = sizeof(c->seen);
	err = device_call(fd, REFCOST_IOC_LOAD_STAT, &c->seen);
	if (!err)
		err = users_unload(fd, l->rng, &c->unloading);
	if (err && err != -EINTR)
		say("%s: cannot unload %s: %s", c->cell->scheme->name, SUITE_VICTIM,
		    unload_why(-err, why, sizeof(why)));
	return err ? EXIT_FAILED : EXIT_FINE;
}

static int give_up(struct loads *l, const struct cycle *c)
{
	say("%s, %s: starved: busy in all %lu attempts in %.2f s", c->cell->scheme->name,
	    form_names[c->cell->key.form], c->unloading.attempts,
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
	l->early += c->cell->key.form == FORM_TWO_PHASE ? seen->refused : 0;
	fprintf(l->rows, "%lu,", c->number);
	key_write(&c->cell->key, KEY_OF_LOADING, l->rows);
	fprintf(l->rows, ",%lu,%llu,%llu,%lu,%llu,%llu\n", l->users.workers,
		seen->live_ns - seen->listed_ns, seen->refused, c->load_ns, seen->ops,
		c->end.violations);
	return results_check(&l->results, l->rows);
}

static int try_cycle(struct loads *l, int fd, struct cycle *c)
{
	int err, stopped;

	if (start(l, fd, c->cell, l->users.workers, l->opts.seed + c->number))
		return EXIT_FAILED;
	sleep_until_ns(now_ns() + users_gap(l->rng, l->hz));
	err = interrupted ? EXIT_FAILED : load_and_unload(l, fd, c);
	stopped = users_stop(fd, c->cell->scheme, &c->end);
	return err ? err : stopped;
}

/* What was stopped in the middle says nothing of the module: it is measured again. */
static int cycle(const struct cell_plan *cell, uint64_t number, void *arg)
{
	struct loads *l = arg;
	struct cycle c;
	sig_atomic_t before;
	int err;

	for (;;) {
		c = (struct cycle){
			.number = number,
			.cell = cell,
			.unloading = { .max_attempts = MAX_ATTEMPTS, .patience_ns = PATIENCE_NS },
		};
		before = resumed;
		err = try_cycle(l, l->fd, &c);
		if (err || resumed == before)
			break;
		err = c.unloading.gone ? EXIT_FINE : users_unload_alone();
		if (err)
			return err;
	}
	if (!err && !c.unloading.gone)
		err = give_up(l, &c);
	return err ? err : write_row(l, &c);
}

/* The module knows which schemes have which form: a load without users asks it. */
static int plan_cells(struct loads *l, int fd)
{
	size_t s;
	int form;

	if (rounds_room(&l->rounds, l->schemes.n * FORMS))
		return EXIT_FAILED;
	for (s = 0; s < l->schemes.n; s++) {
		for (form = 0; form < FORMS; form++) {
			struct cell_plan cell = load_cell(l, &l->schemes.v[s], form);
			struct refcost_load_stat stat;
			int err;

			if (!l->opts.forms[form])
				continue;
			err = start(l, fd, &cell, 0, 0);
			if (err == -EOPNOTSUPP) {
				say("%s has no one-phase form: its objects can be used as soon as they are listed",
				    cell.scheme->name);
				continue;
			}
			if (err || users_stop(fd, cell.scheme, &stat))
				return EXIT_FAILED;
			rounds_add(&l->rounds, &cell);
		}
	}
	return l->rounds.nr_cells ? EXIT_FINE : EXIT_LACKING;
}

static int open_output(struct loads *l)
{
	int err;

	err = results_open(&l->results, l->opts.output);
	if (err)
		return err;
	l->section = resume_section(&l->results, "loading", load_plan_json(l));
	l->rows = l->section ? results_csv(&l->results, "loading.csv", "cycle", KEY_OF_LOADING,
					   ROWS_COLUMNS)
			     : NULL;
	if (!l->rows)
		return EXIT_FAILED;
	return resume_done(l->results.dir, "loading.csv", KEY_OF_LOADING, &l->rounds.done)
		       ?: results_save(&l->results);
}

static int measure(int fd, const struct refcost_info *info, void *arg)
{
	struct loads *l = arg;
	int err;

	l->hz = info->hz;
	l->fd = fd;
	err = plan_cells(l, fd);
	if (!err)
		err = open_output(l);
	if (err)
		return err;
	return load_finish(l, rounds_go(&l->rounds, cycle, l));
}

int load_measure(struct loads *l)
{
	return bench_session(measure, l);
}
