// SPDX-License-Identifier: GPL-2.0
/* The plan of refcost objects: its cells, how it stands in run.json, and how long it takes. */
#include <stdlib.h>
#include <string.h>

#include "base/refcost.h"
#include "measure/dry_run.h"
#include "measure/objects/parts.h"
#include "measure/order.h"

int objects_plan_make(struct objects *o)
{
	size_t s, i;
	int err = schemes_read(&o->schemes);

	if (!err)
		err = schemes_select(&o->schemes, o->opts.schemes, false);
	if (!err)
		err = users_plan(&o->users, 0);
	if (err)
		return err;
	o->cells = calloc(o->schemes.n * o->opts.nr_counts, sizeof(*o->cells));
	if (!o->cells)
		return fail(EXIT_FAILED, "out of memory");
	for (s = 0; s < o->schemes.n; s++)
		for (i = 0; i < o->opts.nr_counts; i++) {
			struct objects_cell *cell = &o->cells[o->nr_cells++];

			cell->scheme = &o->schemes.v[s];
			cell->key.objects = o->opts.counts[i];
			snprintf(cell->key.scheme, sizeof(cell->key.scheme), "%s",
				 cell->scheme->name);
		}
	return EXIT_FINE;
}

struct json_object *objects_plan_json(const struct objects *o)
{
	struct json_object *plan = json_object_new_object(), *list = json_object_new_array();
	size_t i;

	for (i = 0; i < o->schemes.n; i++)
		json_object_array_add(list, json_object_new_string(o->schemes.v[i].name));
	json_object_object_add(plan, "schemes", list);
	list = json_object_new_array();
	for (i = 0; i < o->opts.nr_counts; i++)
		json_object_array_add(list, json_object_new_int(o->opts.counts[i]));
	json_object_object_add(plan, "objects", list);
	json_object_object_add(plan, "cycles", json_object_new_int64(o->opts.cycles));
	json_object_object_add(plan, "seed", json_object_new_int64(o->opts.seed));
	return plan;
}

int objects_dry(struct objects *o)
{
	struct dry_run d = { .what = "unloads", .worst = "", .seed = o->opts.seed };
	const struct pace *pace = dry_run_pace();
	size_t *order AUTO_FREE = array_new(o->nr_cells, sizeof(*order)), i;
	gsl_rng *rng = order_begin(o->opts.seed);
	int err = dry_run_look(o->opts.output, "objects", objects_plan_json(o), "objects.csv",
			       KEY_OF_OBJECTS, &o->done);

	order_draw(rng, order, o->nr_cells);
	for (i = 0; i < o->nr_cells && !err; i++) {
		const struct objects_cell *c = &o->cells[order[i]];
		uint64_t number, done = 0;
		char name[128];

		for (number = 0; number < o->opts.cycles; number++)
			done += resume_has(&o->done, number, &c->key);
		snprintf(name, sizeof(name), "%s, %d object%s", c->key.scheme, c->key.objects,
			 c->key.objects == 1 ? "" : "s");
		dry_run_cell(&d, name, o->opts.cycles, done, pace->idle, pace->idle);
	}
	dry_run_beside(&d, pace->block);
	snprintf(d.assumed, sizeof(d.assumed), "%.0f ms an unload", pace->idle);
	if (!err)
		dry_run_end(&d);
	gsl_rng_free(rng);
	done_free(&o->done);
	return err;
}
