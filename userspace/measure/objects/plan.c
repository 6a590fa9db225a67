// SPDX-License-Identifier: GPL-2.0
/* The plan of refcost objects: its cells, how it stands in run.json, and how long it takes. */
#include <stdlib.h>
#include <string.h>

#include "base/refcost.h"
#include "measure/dry_run.h"
#include "measure/objects/parts.h"

int objects_plan_make(struct objects *o)
{
	size_t s, i;
	int err = schemes_read(&o->schemes);

	if (!err)
		err = schemes_select(&o->schemes, o->opts.schemes, false);
	if (!err)
		err = users_plan(&o->users, 0);
	if (!err)
		err = rounds_room(&o->rounds, o->schemes.n * o->opts.nr_counts);
	if (err)
		return err;
	o->rounds.seed = o->opts.seed;
	for (s = 0; s < o->schemes.n; s++)
		for (i = 0; i < o->opts.nr_counts; i++)
			rounds_add(&o->rounds, &(struct cell_plan){
						       .key.objects = o->opts.counts[i],
						       .scheme = &o->schemes.v[s],
						       .rounds = o->opts.cycles,
					       });
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

static void estimate(const struct cell_plan *c, struct estimate *e, void *arg)
{
	(void)arg;
	snprintf(e->name, sizeof(e->name), "%s, %d object%s", c->key.scheme, c->key.objects,
		 c->key.objects == 1 ? "" : "s");
	e->ms = dry_run_pace()->idle;
}

int objects_dry(struct objects *o)
{
	struct dry_run d = { .what = "unloads", .worst = "" };
	const struct pace *pace = dry_run_pace();
	int err = dry_run_look(o->opts.output, "objects", objects_plan_json(o), "objects.csv",
			       KEY_OF_OBJECTS, &o->rounds.done);

	if (err)
		return err;
	rounds_dry(&o->rounds, &d, estimate, NULL);
	dry_run_beside(&d, pace->block);
	snprintf(d.assumed, sizeof(d.assumed), "%.0f ms an unload", pace->idle);
	dry_run_end(&d);
	return EXIT_FINE;
}
