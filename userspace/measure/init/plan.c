// SPDX-License-Identifier: GPL-2.0
/* The plan of refcost init: its cells, how it stands in run.json, and how long it takes. */
#include <string.h>

#include "base/refcost.h"
#include "measure/dry_run.h"
#include "measure/init/parts.h"
#include "measure/order.h"

struct load_cell load_cell(const struct scheme_desc *scheme, enum cell_form form)
{
	struct load_cell cell = { .key.form = form, .scheme = scheme };

	snprintf(cell.key.scheme, sizeof(cell.key.scheme), "%s", scheme->name);
	return cell;
}

struct json_object *load_plan_json(const struct loads *l)
{
	struct json_object *o = json_object_new_object(), *list = json_object_new_array();
	size_t i;

	for (i = 0; i < l->schemes.n; i++)
		json_object_array_add(list, json_object_new_string(l->schemes.v[i].name));
	json_object_object_add(o, "schemes", list);
	list = json_object_new_array();
	for (i = 0; i < FORMS; i++)
		if (l->opts.forms[i])
			json_object_array_add(list, json_object_new_string(form_names[i]));
	json_object_object_add(o, "phases", list);
	json_object_object_add(o, "workers", json_object_new_int64(l->users.workers));
	json_object_object_add(o, "cycles", json_object_new_int64(l->opts.cycles));
	json_object_object_add(o, "seed", json_object_new_int64(l->opts.seed));
	return o;
}

/*
 * Which schemes have which form the module alone can say: the plan is of all that were asked for.
 */
int load_dry(struct loads *l)
{
	struct dry_run d = { .what = "loads, if each scheme has each form",
			     .worst = "users starve every unload",
			     .seed = l->opts.seed };
	size_t most = l->schemes.n * FORMS, nr_cells = 0, i;
	size_t *order AUTO_FREE = array_new(most, sizeof(*order));
	struct load_cell *cells AUTO_FREE = array_new(most, sizeof(*cells));
	gsl_rng *rng = order_begin(l->opts.seed);
	double ms = dry_run_pace()->load;
	int err = dry_run_look(l->opts.output, "loading", load_plan_json(l), "loading.csv",
			       KEY_OF_LOADING, &l->done);

	for (i = 0; i < most; i++)
		if (l->opts.forms[i % FORMS])
			cells[nr_cells++] = load_cell(&l->schemes.v[i / FORMS], i % FORMS);
	order_draw(rng, order, nr_cells);
	for (i = 0; i < nr_cells && !err; i++) {
		const struct load_cell *c = &cells[order[i]];
		uint64_t number, done = 0;
		char name[128];

		for (number = 0; number < l->opts.cycles; number++)
			done += resume_has(&l->done, number, &c->key);
		snprintf(name, sizeof(name), "%s, phases %s", c->scheme->name,
			 form_names[c->key.form]);
		dry_run_cell(&d, name, l->opts.cycles, done, ms, ms);
	}
	dry_run_beside(&d, dry_run_pace()->block);
	snprintf(d.assumed, sizeof(d.assumed),
		 "%.0f ms for a load, what goes before it, and the unload", ms);
	if (!err)
		dry_run_end(&d);
	gsl_rng_free(rng);
	done_free(&l->done);
	return err;
}
