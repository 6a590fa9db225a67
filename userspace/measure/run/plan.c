// SPDX-License-Identifier: GPL-2.0
/* What refcost run was asked for, and the plan that is made of it. */
#include "measure/run/parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/refcost.h"
#include "machine/env.h"
#include "model/sample.h"

const char *const gaps_names[GAPS_RULES] = {
	[GAPS_KNOWN] = "known",
	[GAPS_LONG] = "long",
};

struct env env = {
	.layouts = { .n = 1 },
	.blocks = 30,
	.nr_holds = 1,
	.objects = 1,
	.warmup_ns = 30 * NSEC_PER_MSEC,
	.window_ns = 150 * NSEC_PER_MSEC,
	.seed = 1,
};

static int int_cmp(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/*
 * Powers of two, and all there are, of each placement: then they have the same numbers in common.
 */
static void default_counts(void)
{
	size_t most = placements_most(&env.placements), i, n = 0;
	int count;

	for (count = 1; count < (int)most; count *= 2)
		env.counts[n++] = count;
	for (i = 0; i < env.placements.n; i++)
		env.counts[n++] = env.placements.v[i].nr_cpus;
	qsort(env.counts, n, sizeof(env.counts[0]), int_cmp);
	for (i = 0; i < n; i++)
		if (!i || env.counts[i] != env.counts[i - 1])
			env.counts[env.nr_counts++] = env.counts[i];
}

/* A number asked for that only some of the placements have. */
static void say_fewer(int count)
{
	size_t i;

	for (i = 0; i < env.placements.n; i++)
		if ((int)env.placements.v[i].nr_cpus < count)
			say("placement %s has %zu CPUs: nothing is measured there with more",
			    placement_names[env.placements.v[i].kind], env.placements.v[i].nr_cpus);
}

static int plan_cpus(struct plan *p)
{
	bool asked = env.nr_counts;
	char offline[256];
	size_t most, i;
	int err;

	err = placements_find(&env.placements, env.list, env.nr_list);
	if (err)
		return err;
	most = placements_most(&env.placements);
	if (env.instructions) {
		env.counts[0] = 1;
		env.nr_counts = 1;
	}
	if (!env.nr_counts)
		default_counts();
	for (i = 0; i < env.nr_counts; i++) {
		if (env.counts[i] > (int)most)
			return fail(EXIT_USAGE, "--cpus %d: only %zu CPU%s online or listed%s",
				    env.counts[i], most, most == 1 ? "" : "s",
				    env_offline(offline, sizeof(offline)));
		if (env.counts[i] > p->max_count)
			p->max_count = env.counts[i];
	}
	if (asked)
		say_fewer(p->max_count);
	p->host_cpus = env_host_cpus();
	return EXIT_FINE;
}

/* Modes are asked for with all schemes in mind; a mode alone, of a scheme by name, is a mistake. */
static int refuse_lookup_of_floors(const struct plan *p)
{
	size_t s;

	if (!env.schemes || env.modes[REFCOST_GETPUT])
		return EXIT_FINE;
	for (s = 0; s < p->schemes.n; s++)
		if (p->schemes.v[s].kind == SCHEME_FLOOR)
			return fail(EXIT_USAGE,
				    "%s has no mode lookup: floors protect nothing, so there is "
				    "nothing to look up; use --mode getput",
				    p->schemes.v[s].name);
	return EXIT_FINE;
}

static void plan_cell(struct plan *p, const struct cell_plan *like, int cpus, size_t hold)
{
	struct cell_plan c = *like;

	if (cpus > (int)c.placement->nr_cpus)
		return;
	c.key.cpus = cpus;
	c.key.hold_ns = env.holds[hold];
	c.key.placement = c.placement->kind;
	c.rounds = hold ? env.hold_blocks : env.blocks;
	rounds_add(&p->rounds, &c);
}

/* How expensive a put is beside a long hold shows at the ends and in the middle. */
static bool count_is_swept(size_t c)
{
	size_t half = 0;

	while (2 * env.counts[half] < env.counts[env.nr_counts - 1])
		half++;
	return !c || c == half || c == env.nr_counts - 1;
}

/* Of the first placement and layout. */
static int plan_longer_holds(struct plan *p)
{
	struct cell_plan like = {
		.key.mode = env.modes[REFCOST_GETPUT] ? REFCOST_GETPUT : REFCOST_LOOKUP,
		.key.layout = env.layouts.v[0],
		.placement = &env.placements.v[0],
	};
	struct schemes swept;
	size_t s, k, c, h;
	int err;

	err = schemes_read(&swept);
	if (!err)
		err = schemes_select(&swept, env.hold_schemes, true);
	for (s = 0; s < p->schemes.n && !err; s++) {
		const struct scheme_desc *scheme = &p->schemes.v[s];

		for (k = 0; k < swept.n && strcmp(swept.v[k].name, scheme->name); k++)
			;
		if (k == swept.n ||
		    (like.key.mode == REFCOST_LOOKUP && scheme->kind == SCHEME_FLOOR))
			continue;
		like.scheme = scheme;
		if (!layout_applies(like.key.layout, scheme, like.key.mode, env.holds[1]))
			continue;
		for (h = 1; h < env.nr_holds; h++)
			for (c = 0; c < env.nr_counts; c++)
				if (count_is_swept(c))
					plan_cell(p, &like, env.counts[c], h);
	}
	schemes_free(&swept);
	return err;
}

static void plan_counts(struct plan *p, const struct scheme_desc *scheme, enum refcost_mode mode)
{
	size_t l, k, c;

	for (l = 0; l < env.layouts.n; l++) {
		struct cell_plan like = { .scheme = scheme,
					  .key = { .mode = mode, .layout = env.layouts.v[l] } };

		if (!layout_applies(like.key.layout, scheme, mode, env.holds[0]))
			continue;
		for (k = 0; k < env.placements.n; k++) {
			like.placement = &env.placements.v[k];
			for (c = 0; c < env.nr_counts; c++)
				plan_cell(p, &like, env.counts[c], 0);
		}
	}
}

int plan_make(struct plan *p)
{
	size_t s, most;
	int mode, err;

	err = env.counters ? events_parse(env.counters, &env.events) : EXIT_FINE;
	if (!err)
		err = schemes_read(&p->schemes);
	if (!err)
		err = schemes_select(&p->schemes, env.schemes, true);
	if (!err)
		err = refuse_lookup_of_floors(p);
	if (!err)
		err = layouts_check(&env.layouts, &p->schemes, env.schemes,
				    env.modes[REFCOST_LOOKUP], env.holds[0]);
	if (!err)
		err = plan_cpus(p);
	if (err)
		return err;
	if ((uint64_t)p->max_count > REFCOST_OBJECTS_MAX && env.objects == REFCOST_OBJECTS_PERCPU)
		return fail(EXIT_USAGE, "--objects percpu serves up to %d CPUs",
			    REFCOST_OBJECTS_MAX);
	most = REFCOST_MODES * env.placements.n * env.layouts.n + env.nr_holds;
	err = rounds_room(&p->rounds, p->schemes.n * env.nr_counts * most);
	if (err)
		return err;
	p->rounds.seed = env.seed;
	p->rounds.in_order =
		env.instructions; /* exact: no order can matter, so keep the readable one */
	for (s = 0; s < p->schemes.n; s++) {
		for (mode = 0; mode < REFCOST_MODES; mode++) {
			const struct scheme_desc *scheme = &p->schemes.v[s];

			if (env.modes[mode] &&
			    (mode != REFCOST_LOOKUP || scheme->kind != SCHEME_FLOOR))
				plan_counts(p, scheme, mode);
		}
	}
	return env.nr_holds > 1 ? plan_longer_holds(p) : EXIT_FINE;
}

static struct json_object *counters_json(void)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < env.events.n; i++)
		json_object_array_add(list, json_object_new_string(env.events.names[i]));
	return list;
}

/* Only where there are several: a plan of one hold is what it always was. */
static void holds_json(struct json_object *o)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < env.nr_holds; i++)
		json_object_array_add(list, json_object_new_int64(env.holds[i]));
	json_object_object_add(o, "holds", list);
	json_object_object_add(o, "hold_blocks", json_object_new_int64(env.hold_blocks));
	if (env.hold_schemes)
		json_object_object_add(o, "hold_schemes", json_object_new_string(env.hold_schemes));
}

struct json_object *plan_json(const struct plan *p)
{
	struct json_object *o = json_object_new_object(), *list;
	size_t i;

	list = json_object_new_array();
	for (i = 0; i < p->schemes.n; i++)
		json_object_array_add(list, json_object_new_string(p->schemes.v[i].name));
	json_object_object_add(o, "schemes", list);
	list = json_object_new_array();
	for (i = 0; i < REFCOST_MODES; i++)
		if (env.modes[i])
			json_object_array_add(list, json_object_new_string(mode_names[i]));
	json_object_object_add(o, "modes", list);
	list = json_object_new_array();
	for (i = 0; i < env.nr_counts; i++)
		json_object_array_add(list, json_object_new_int(env.counts[i]));
	json_object_object_add(o, "cpus", list);
	json_object_object_add(o, "placement",
			       placement_cpus_json(&env.placements.v[0], p->max_count));
	if (env.placements.asked)
		json_object_object_add(o, "placements", placements_json(&env.placements));
	if (env.layouts.asked)
		json_object_object_add(o, "layouts", layouts_json(&env.layouts));
	json_object_object_add(o, "blocks", json_object_new_int64(env.blocks));
	json_object_object_add(o, "hold_ns", json_object_new_int64(env.holds[0]));
	if (env.nr_holds > 1)
		holds_json(o);
	if (env.events.n)
		json_object_object_add(o, "counters", counters_json());
	json_object_object_add(o, "objects", json_object_new_int64(env.objects));
	json_object_object_add(o, "warmup_ns", json_object_new_int64(env.warmup_ns));
	json_object_object_add(o, "window_ns", json_object_new_int64(env.window_ns));
	if (!env.instructions)
		json_object_object_add(o, "gaps", json_object_new_string(gaps_names[env.gaps]));
	if (!env.instructions)
		json_object_object_add(o, "percentile", json_object_new_int(ONE_CPU_PERCENTILE));
	json_object_object_add(o, "seed", json_object_new_int64(env.seed));
	return o;
}
