// SPDX-License-Identifier: GPL-2.0
#include "measure/rounds.h"

#include <stdlib.h>
#include <string.h>

#include "base/progress.h"
#include "base/refcost.h"
#include "measure/order.h"

int rounds_room(struct rounds *r, size_t most)
{
	r->cells = calloc(most, sizeof(*r->cells));
	return r->cells ? EXIT_FINE : fail(EXIT_FAILED, "out of memory");
}

void rounds_add(struct rounds *r, const struct cell_plan *cell)
{
	struct cell_plan *c = &r->cells[r->nr_cells++];

	*c = *cell;
	snprintf(c->key.scheme, sizeof(c->key.scheme), "%s", c->scheme->name);
	r->total += c->rounds;
	r->rounds = c->rounds > r->rounds ? c->rounds : r->rounds;
}

int rounds_cell(struct rounds *r, const struct cell_plan *cell, uint64_t number,
		rounds_measure *each, void *arg)
{
	int err = EXIT_FINE;

	if (number >= cell->rounds)
		return EXIT_FINE;
	if (interrupted)
		return EXIT_FAILED;
	if (resume_has(&r->done, number, &cell->key))
		progress_skip(1);
	else
		err = each(cell, number, arg);
	if (!err)
		progress(r->what, ++r->finished, r->total, r->started_ns);
	return err;
}

void rounds_order(const struct rounds *r, gsl_rng *rng, size_t *order)
{
	order_draw(r->in_order ? NULL : rng, order, r->nr_cells);
}

int rounds_go(struct rounds *r, rounds_measure *each, void *arg)
{
	size_t *order AUTO_FREE = calloc(r->nr_cells, sizeof(*order)), i;
	gsl_rng *rng = order_begin(r->seed);
	int err = order ? EXIT_FINE : fail(EXIT_FAILED, "out of memory");
	uint64_t number;

	r->started_ns = now_ns();
	for (number = 0; number < r->rounds && !err; number++) {
		rounds_order(r, rng, order);
		for (i = 0; i < r->nr_cells && !err; i++)
			err = rounds_cell(r, &r->cells[order[i]], number, each, arg);
	}
	gsl_rng_free(rng);
	return err;
}

void rounds_interrupted(const struct rounds *r, const struct results *results)
{
	if (interrupted)
		say("interrupted after %zu of %zu %ss%s%s", r->finished, r->total, r->what,
		    results->temporary ? ""
				       : "; kept, marked partial; the same command goes on in ",
		    results->temporary ? "" : results->dir);
}

void rounds_dry(const struct rounds *r, struct dry_run *d, rounds_estimate *estimate, void *arg)
{
	size_t *order AUTO_FREE = array_new(r->nr_cells, sizeof(*order)), i;
	gsl_rng *rng = order_begin(r->seed);

	d->seed = r->seed;
	rounds_order(r, rng, order);
	for (i = 0; i < r->nr_cells; i++) {
		const struct cell_plan *c = &r->cells[order[i]];
		struct estimate e = { 0 };
		uint64_t number, done = 0;

		for (number = 0; number < c->rounds; number++)
			done += resume_has(&r->done, number, &c->key);
		estimate(c, &e, arg);
		dry_run_cell(d, e.name, c->rounds, done, e.ms, e.most_ms ?: e.ms);
	}
	gsl_rng_free(rng);
}

void rounds_free(struct rounds *r)
{
	free(r->cells);
	done_free(&r->done);
}
