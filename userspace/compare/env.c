// SPDX-License-Identifier: GPL-2.0
/* Were two runs measured on like machines, in like ways? */
#include <string.h>

#include "base/refcost.h"
#include "compare/compare.h"

/* Values longer than this are named and not shown. */
#define SHOWN 48

/* Two values of run.json, of the same name; a missing one is NULL. */
struct pair {
	struct json_object *a, *b;
};

/* What was found so far. */
struct unlike {
	FILE *f;
	size_t n;
	bool exact; /* only what instructions depend on */
};

/* What no two runs share. */
static const char *const passing[] = {
	"machine.steal_ticks", "machine.loadavg", "cpu.frequency_khz", "kernel.tainted", NULL,
};

/* What changes times alone: instructions are counted in a guest of their own. */
static const char *const timing[] = {
	"machine",
	"kernel.cmdline",
	"kernel.nmi_watchdog",
	"cpu.online",
	"cpu.topology",
	"cpu.smt",
	"cpu.isolated",
	"cpu.nohz_full",
	"cpu.idle_driver",
	"cpu.frequency_driver",
	"cpu.governor",
	"cpu.frequency_max_khz",
	"cpu.no_turbo",
	"cpu.boost",
	"cpu.clocksource",
	NULL,
};

static bool is_one_of(const char *path, const char *const *names)
{
	for (; *names; names++)
		if (!strcmp(path, *names))
			return true;
	return false;
}

static void put_value(FILE *f, struct json_object *v)
{
	const char *text = v ? json_object_get_string(v) : "not recorded";

	fputs(strlen(text) > SHOWN ? "..." : text, f);
}

static void differs(struct unlike *u, const char *path, struct pair p)
{
	fprintf(u->f, "%s%s (", u->n++ ? ", " : "", path);
	put_value(u->f, p.a);
	fputs(" | ", u->f);
	put_value(u->f, p.b);
	fputs(")", u->f);
}

static struct json_object *member(struct json_object *o, const char *name)
{
	struct json_object *v = NULL;

	json_object_object_get_ex(o, name, &v);
	return v;
}

/*
 * Of the tools, which "; " separates, the first makes the loops; clang and libbpf have no part in
 * them.
 */
static bool same_compiler(const char *path, struct pair p)
{
	const char *a = json_object_get_string(p.a), *b = json_object_get_string(p.b);
	size_t len = a ? strcspn(a, ";") : 0;

	return !strcmp(path, "built_with") && a && b && strcspn(b, ";") == len &&
	       !strncmp(a, b, len);
}

static void compare_values(struct unlike *u, const char *path, struct pair p);

/* Members of A, and then those that only B has. */
static void compare_members(struct unlike *u, const char *path, struct pair p)
{
	char sub[256];

	json_object_object_foreach(p.a, name, a) {
		snprintf(sub, sizeof(sub), "%s.%s", path, name);
		compare_values(u, sub, (struct pair){ a, member(p.b, name) });
	}
	json_object_object_foreach(p.b, other, b) {
		snprintf(sub, sizeof(sub), "%s.%s", path, other);
		if (!member(p.a, other))
			compare_values(u, sub, (struct pair){ NULL, b });
	}
}

static void compare_values(struct unlike *u, const char *path, struct pair p)
{
	if (is_one_of(path, passing) || (u->exact && is_one_of(path, timing)))
		return;
	if (json_object_is_type(p.a, json_type_object) &&
	    json_object_is_type(p.b, json_type_object))
		compare_members(u, path, p);
	else if (!json_object_equal(p.a, p.b) && !(u->exact && same_compiler(path, p)))
		differs(u, path, p);
}

/* CPUs are taken in this order: a run with fewer of them took the first ones. */
static bool same_placement(struct pair p)
{
	size_t i;

	if (!json_object_is_type(p.a, json_type_array) ||
	    !json_object_is_type(p.b, json_type_array))
		return false;
	for (i = 0; i < json_object_array_length(p.a) && i < json_object_array_length(p.b); i++)
		if (!json_object_equal(json_object_array_get_idx(p.a, i),
				       json_object_array_get_idx(p.b, i)))
			return false;
	return true;
}

/* Of a placement by name; where a plan names none, its only one is by cores. */
static struct json_object *placement_of(const struct model *m, const char *name, const char *what)
{
	struct json_object *list = model_get(m, "run.plan.placements"), *entry;
	size_t i;

	if (!json_object_is_type(list, json_type_array))
		return strcmp(name, "cores") || strcmp(what, "cpus")
			       ? NULL
			       : model_get(m, "run.plan.placement");
	for (i = 0; i < json_object_array_length(list); i++) {
		entry = json_object_array_get_idx(list, i);
		if (!strcmp(json_object_get_string(member(entry, "name")) ?: "", name))
			return member(entry, what);
	}
	return NULL;
}

static const char *first_layout(const struct model *m)
{
	struct json_object *list = model_get(m, "run.plan.layouts");

	if (!json_object_is_type(list, json_type_array))
		return "own";
	return json_object_get_string(json_object_array_get_idx(list, 0)) ?: "";
}

/*
 * What both call by the same name is the same; with one placement each they are held against each
 * other.
 */
static void compare_placements(struct unlike *u, const struct model *a, const struct model *b)
{
	bool several = a->nr_elsewhere || b->nr_elsewhere;
	struct json_object *list = model_get(b, "run.plan.placements");
	size_t i,
		n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
	struct pair p = { model_get(a, "run.plan.placement"), model_get(b, "run.plan.placement") };

	if (!several && strcmp(first_layout(a), first_layout(b)))
		differs(u, "run.plan.layouts",
			(struct pair){ model_get(a, "run.plan.layouts"),
				       model_get(b, "run.plan.layouts") });
	if (!several || !n) {
		if (p.a && p.b && !same_placement(p))
			differs(u, "run.plan.placement", p);
		n = several ? n : 0;
	}
	for (i = 0; i < n; i++) {
		struct json_object *entry = json_object_array_get_idx(list, i);
		const char *name = json_object_get_string(member(entry, "name")) ?: "";

		p = (struct pair){ placement_of(a, name, "cpus"), member(entry, "cpus") };
		if (p.a && p.b && !same_placement(p))
			differs(u, name, p);
		p = (struct pair){ placement_of(a, name, "memory_node"),
				   member(entry, "memory_node") };
		if (p.a && p.b && !json_object_equal(p.a, p.b))
			differs(u, "memory_node", p);
	}
}

/*
 * The least of several windows is less than one of them: a run of many blocks would seem the faster
 * one.
 */
static void compare_samples(struct unlike *u, const struct model *a, const struct model *b)
{
	struct pair p = { json_object_new_int(model_joined(a)),
			  json_object_new_int(model_joined(b)) };

	compare_values(u, "windows in a sample on one CPU", p);
	json_object_put(p.a);
	json_object_put(p.b);
}

static void compare_plans(struct unlike *u, const struct model *a, const struct model *b)
{
	static const struct {
		const char *section, *path;
	} parts[] = {
		{ "run", "run.plan.hold_ns" },
		{ "run", "run.plan.objects" },
		{ "run", "run.plan.gaps" },
		{ "run", "run.plan.percentile" },
		{ "unload", "unload.plan.workers" },
		{ "unload", "unload.plan.think_ns" },
		{ "unload", "unload.plan.bystander" },
		{ "unload", "unload.plan.objects" },
		{ "unload", "unload.plan.rate" },
		{ "unload", "unload.plan.attempts" },
		{ "unload", "unload.plan.patience_ns" },
	};
	struct pair p;
	size_t i;

	compare_placements(u, a, b);
	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		p = (struct pair){ model_get(a, parts[i].path), model_get(b, parts[i].path) };
		if (model_get(a, parts[i].section) && model_get(b, parts[i].section))
			compare_values(u, parts[i].path, p);
	}
	if (model_get(a, "run") && model_get(b, "run"))
		compare_samples(u, a, b);
}

size_t compare_environments(const struct model *a, const struct model *b,
			    const struct compare_how *how, FILE *out)
{
	static const char *const parts[] = { "machine", "kernel", "cpu", "built_with" };
	struct unlike u = {
		.f = out,
		.exact = how->leave_out[COMPARE_TIME] && how->leave_out[COMPARE_UNLOAD] &&
			 how->leave_out[COMPARE_COUNTER],
	};
	char path[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		struct pair p;

		snprintf(path, sizeof(path), "environment.%s", parts[i]);
		p = (struct pair){ model_get(a, path), model_get(b, path) };
		/* where neither says it, nobody can tell */
		if (!p.a && !p.b)
			differs(&u, parts[i], p);
		else
			compare_values(&u, parts[i], p);
	}
	if (!u.exact)
		compare_plans(&u, a, b);
	return u.n;
}
