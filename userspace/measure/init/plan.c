// SPDX-License-Identifier: GPL-2.0
/* The plan of refcost init: its cells, how it stands in run.json, and how long it takes. */
#include <string.h>

#include "base/refcost.h"
#include "measure/dry_run.h"
#include "measure/init/parts.h"

struct cell_plan load_cell(const struct loads *l, const struct scheme_desc *scheme,
			   enum cell_form form)
{
	return (struct cell_plan){
		.key.form = form,
		.scheme = scheme,
		.rounds = l->opts.cycles,
	};
}

static void estimate(const struct cell_plan *c, struct estimate *e, void *arg)
{
	(void)arg;
	snprintf(e->name, sizeof(e->name), "%s, phases %s", c->scheme->name,
		 form_names[c->key.form]);
	e->ms = dry_run_pace()->load;
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
			     .worst = "users starve every unload" };
	size_t most = l->schemes.n * FORMS, i;
	struct cell_plan cell;
	int err = dry_run_look(l->opts.output, "loading", load_plan_json(l), "loading.csv",
			       KEY_OF_LOADING, &l->rounds.done);

	if (!err)
		err = rounds_room(&l->rounds, most);
	if (err)
		return err;
	for (i = 0; i < most; i++) {
		cell = load_cell(l, &l->schemes.v[i / FORMS], i % FORMS);
		if (l->opts.forms[i % FORMS])
			rounds_add(&l->rounds, &cell);
	}
	rounds_dry(&l->rounds, &d, estimate, NULL);
	dry_run_beside(&d, dry_run_pace()->block);
	snprintf(d.assumed, sizeof(d.assumed),
		 "%.0f ms for a load, what goes before it, and the unload", dry_run_pace()->load);
	dry_run_end(&d);
	return EXIT_FINE;
}
