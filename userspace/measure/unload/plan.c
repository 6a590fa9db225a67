// SPDX-License-Identifier: GPL-2.0
/* The plan of refcost unload: its cells, how it stands in run.json, and how long it takes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/refcost.h"
#include "measure/dry_run.h"
#include "measure/unload/parts.h"

static void plan_cell(struct unloads *u, const struct scheme_desc *scheme, enum cell_arm arm,
		      size_t hold)
{
	rounds_add(&u->rounds, &(struct cell_plan){
				       .key = { .arm = arm, .hold_ns = u->opts.holds[hold] },
				       .scheme = scheme,
				       .rounds = hold ? u->opts.hold_cycles : u->opts.cycles,
			       });
}

/* Where nobody is inside, how long one stays makes no difference: the idle arm has one cell. */
int unload_plan_make(struct unloads *u)
{
	size_t s, h;
	int err;

	err = schemes_read(&u->schemes);
	if (!err)
		err = schemes_select(&u->schemes, u->opts.schemes, false);
	if (!err)
		err = users_plan(&u->users, u->opts.workers);
	if (!err)
		err = rounds_room(&u->rounds, u->schemes.n * (1 + u->opts.nr_holds));
	if (err)
		return err;
	u->rounds.seed = u->opts.seed;
	for (s = 0; s < u->schemes.n; s++) {
		if (u->opts.arms[ARM_IDLE])
			plan_cell(u, &u->schemes.v[s], ARM_IDLE, 0);
		for (h = 0; u->opts.arms[ARM_LOADED] && h < u->opts.nr_holds; h++)
			plan_cell(u, &u->schemes.v[s], ARM_LOADED, h);
	}
	return EXIT_FINE;
}

struct json_object *unload_plan_json(const struct unloads *u)
{
	struct json_object *o = json_object_new_object(), *list = json_object_new_array();
	size_t i;

	for (i = 0; i < u->schemes.n; i++)
		json_object_array_add(list, json_object_new_string(u->schemes.v[i].name));
	json_object_object_add(o, "schemes", list);
	list = json_object_new_array();
	for (i = 0; i < ARMS; i++)
		if (u->opts.arms[i])
			json_object_array_add(list, json_object_new_string(arm_names[i]));
	json_object_object_add(o, "arms", list);
	list = json_object_new_array();
	for (i = 0; i < u->opts.nr_holds; i++)
		json_object_array_add(list, json_object_new_int64(u->opts.holds[i]));
	json_object_object_add(o, "holds", list);
	json_object_object_add(o, "workers", json_object_new_int64(u->users.workers));
	json_object_object_add(o, "think_ns", json_object_new_int64(u->opts.think_ns));
	json_object_object_add(o, "bystander", json_object_new_boolean(!u->opts.no_bystander));
	json_object_object_add(o, "cycles", json_object_new_int64(u->opts.cycles));
	json_object_object_add(o, "hold_cycles", json_object_new_int64(u->opts.hold_cycles));
	json_object_object_add(o, "attempts", json_object_new_int64(u->opts.attempts));
	json_object_object_add(o, "patience_ns", json_object_new_int64(u->opts.patience_ns));
	json_object_object_add(o, "objects", json_object_new_int64(u->opts.objects));
	json_object_object_add(o, "rate", json_object_new_double(u->opts.rate));
	json_object_object_add(o, "seed", json_object_new_int64(u->opts.seed));
	return o;
}

void unload_row(const struct unload_cycle *c, FILE *f)
{
	fprintf(f, "%lu,", c->number);
	key_write(&c->cell->key, KEY_OF_UNLOAD, f);
	putc(',', f);
}

/* How long an unload of this cell takes, ms, its gap and loading the victim included. */
static double cell_ms(const struct unloads *u, const struct cell_plan *cell)
{
	const struct pace *pace = dry_run_pace();
	double ms = cell->key.arm == ARM_LOADED ? pace->loaded : pace->idle;

	return u->opts.rate > 0 ? fmax(ms, 1e3 / u->opts.rate) : ms;
}

/*
 * A scheme that fails when busy finds no moment without users where these stay inside; others wait
 * for them.
 */
static bool starves(const struct cell_plan *cell)
{
	return cell->key.arm == ARM_LOADED && cell->key.hold_ns &&
	       strstr(cell->scheme->busy, " fails,");
}

static void estimate(const struct cell_plan *c, struct estimate *e, void *arg)
{
	const struct unloads *u = arg;
	char hold[32];

	snprintf(e->name, sizeof(e->name), "%s, %s, hold %s", c->scheme->name,
		 arm_names[c->key.arm], ns_text(c->key.hold_ns, hold, sizeof(hold)));
	e->ms = e->most_ms = cell_ms(u, c);
	if (c->key.arm == ARM_LOADED)
		e->most_ms += u->opts.patience_ns / (double)NSEC_PER_MSEC;
	if (starves(c))
		e->ms = e->most_ms;
}

int unload_dry(struct unloads *u)
{
	struct dry_run d = { .what = "unloads", .worst = "users starve every unload" };
	const struct pace *pace = dry_run_pace();
	int err = dry_run_look(u->opts.output, "unload", unload_plan_json(u), "unload.csv",
			       KEY_OF_UNLOAD, &u->rounds.done);

	if (err)
		return err;
	rounds_dry(&u->rounds, &d, estimate, u);
	dry_run_beside(&d, pace->block + (u->opts.no_trace ? 0 : pace->attach));
	snprintf(
		d.assumed, sizeof(d.assumed),
		"%.0f ms an idle unload, %.0f ms one under load, %.0f ms for the tracer; users that "
		"stay inside starve what fails when busy",
		pace->idle, pace->loaded, u->opts.no_trace ? 0 : pace->attach);
	dry_run_end(&d);
	return EXIT_FINE;
}
