// SPDX-License-Identifier: GPL-2.0
/* The plan of refcost load: its cells, how it stands in run.json, and how long it takes. */
#include <string.h>

#include "base/refcost.h"
#include "measure/dry_run.h"
#include "measure/init/parts.h"
#include "measure/order.h"

const char *const load_form_names[LOAD_FORMS] = {
	[LOAD_ONE_PHASE] = "one",
	[LOAD_TWO_PHASE] = "two",
};

struct json_object *load_plan_json(const struct loads *l)
{
	struct json_object *o = json_object_new_object(), *list = json_object_new_array();
	size_t i;

	for (i = 0; i < l->schemes.n; i++)
		json_object_array_add(list, json_object_new_string(l->schemes.v[i].name));
	json_object_object_add(o, "schemes", list);
	list = json_object_new_array();
	for (i = 0; i < LOAD_FORMS; i++)
		if (l->opts.forms[i])
			json_object_array_add(list, json_object_new_string(load_form_names[i]));
	json_object_object_add(o, "phases", list);
	json_object_object_add(o, "workers", json_object_new_int64(l->users.workers));
	json_object_object_add(o, "cycles", json_object_new_int64(l->opts.cycles));
	json_object_object_add(o, "seed", json_object_new_int64(l->opts.seed));
	return o;
}

bool load_cell_done(const struct loads *l, uint64_t number, const struct load_cell *cell)
{
	const struct csv *t = &l->done;
	int n = csv_col(t, "cycle"), s = csv_col(t, "scheme"), p = csv_col(t, "phases");
	size_t i;

	for (i = 0; i < t->rows; i++)
		if ((uint64_t)csv_num(t, i, n) == number &&
		    !strcmp(csv_get(t, i, s), cell->scheme->name) &&
		    !strcmp(csv_get(t, i, p), load_form_names[cell->form]))
			return true;
	return false;
}

/*
 * Which schemes have which form the module alone can say: the plan is of all that were asked for.
 */
int load_dry(struct loads *l)
{
	struct dry_run d = { .what = "loads, if each scheme has each form",
			     .worst = "users starve every unload",
			     .seed = l->opts.seed };
	size_t most = l->schemes.n * LOAD_FORMS, nr_cells = 0, i;
	size_t *order AUTO_FREE = array_new(most, sizeof(*order));
	struct load_cell *cells AUTO_FREE = array_new(most, sizeof(*cells));
	gsl_rng *rng = order_begin(l->opts.seed);
	double ms = dry_run_pace()->load;
	int err =
		dry_run_look(l->opts.output, "loading", load_plan_json(l), "loading.csv", &l->done);

	for (i = 0; i < most; i++)
		if (l->opts.forms[i % LOAD_FORMS])
			cells[nr_cells++] =
				(struct load_cell){ &l->schemes.v[i / LOAD_FORMS], i % LOAD_FORMS };
	order_draw(rng, order, nr_cells);
	for (i = 0; i < nr_cells && !err; i++) {
		const struct load_cell *c = &cells[order[i]];
		uint64_t number, done = 0;
		char name[128];

		for (number = 0; number < l->opts.cycles; number++)
			done += load_cell_done(l, number, c);
		snprintf(name, sizeof(name), "%s, phases %s", c->scheme->name,
			 load_form_names[c->form]);
		dry_run_cell(&d, name, l->opts.cycles, done, ms, ms);
	}
	dry_run_beside(&d, dry_run_pace()->block);
	snprintf(d.assumed, sizeof(d.assumed),
		 "%.0f ms for a load, what goes before it, and the unload", ms);
	if (!err)
		dry_run_end(&d);
	gsl_rng_free(rng);
	csv_free(&l->done);
	return err;
}
