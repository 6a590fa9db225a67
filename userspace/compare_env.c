// SPDX-License-Identifier: GPL-2.0
/* Were two runs measured on like machines, in like ways? */
#include <string.h>

#include "compare.h"
#include "refcost.h"

/* Values longer than this are named and not shown. */
#define SHOWN 48

/* Two values of run.json, of the same name; a missing one is NULL. */
struct pair {
	struct json_object *a, *b;
};

/* What no two runs share, and what is compared. */
static bool varies(const char *path)
{
	static const char *const names[] = {
		"machine.steal_ticks",
		"machine.loadavg",
		"cpu.frequency_khz",
		"kernel.tainted",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(path, names[i]))
			return true;
	return false;
}

static void put_value(FILE *f, struct json_object *v)
{
	const char *text = v ? json_object_get_string(v) : "not recorded";

	fputs(strlen(text) > SHOWN ? "..." : text, f);
}

static size_t differs(const char *path, struct pair p, size_t before, FILE *f)
{
	fprintf(f, "%s%s (", before ? ", " : "", path);
	put_value(f, p.a);
	fputs(" | ", f);
	put_value(f, p.b);
	fputs(")", f);
	return 1;
}

static struct json_object *member(struct json_object *o, const char *name)
{
	struct json_object *v = NULL;

	json_object_object_get_ex(o, name, &v);
	return v;
}

static size_t compare_values(const char *path, struct pair p, size_t before, FILE *f);

/* Members of A, and then those that only B has. */
static size_t compare_members(const char *path, struct pair p, size_t before, FILE *f)
{
	size_t n = 0;
	char sub[256];

	json_object_object_foreach(p.a, name, a) {
		snprintf(sub, sizeof(sub), "%s.%s", path, name);
		n += compare_values(sub, (struct pair){ a, member(p.b, name) }, before + n, f);
	}
	json_object_object_foreach(p.b, other, b) {
		snprintf(sub, sizeof(sub), "%s.%s", path, other);
		if (!member(p.a, other))
			n += compare_values(sub, (struct pair){ NULL, b }, before + n, f);
	}
	return n;
}

static size_t compare_values(const char *path, struct pair p, size_t before, FILE *f)
{
	bool objects = json_object_is_type(p.a, json_type_object) &&
		       json_object_is_type(p.b, json_type_object);

	if (objects)
		return compare_members(path, p, before, f);
	if (varies(path) || json_object_equal(p.a, p.b))
		return 0;
	return differs(path, p, before, f);
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

static size_t compare_plans(const struct model *a, const struct model *b, size_t before, FILE *f)
{
	static const char *const paths[] = {
		"run.plan.hold_ns",	"run.plan.objects",	 "unload.plan.workers",
		"unload.plan.think_ns", "unload.plan.bystander", "unload.plan.objects",
		"unload.plan.rate",	"unload.plan.attempts",	 "unload.plan.patience_ns",
	};
	struct pair place = { model_get(a, "run.plan.placement"),
			      model_get(b, "run.plan.placement") };
	size_t n = 0, i;

	for (i = 0; i < ARRAY_SIZE(paths); i++) {
		struct pair p = { model_get(a, paths[i]), model_get(b, paths[i]) };
		bool both = !strncmp(paths[i], "run.", 4)
				    ? model_get(a, "run") && model_get(b, "run")
				    : model_get(a, "unload") && model_get(b, "unload");

		if (both)
			n += compare_values(paths[i], p, before + n, f);
	}
	if (place.a && place.b && !same_placement(place))
		n += differs("run.plan.placement", place, before + n, f);
	return n;
}

size_t compare_environments(const struct model *a, const struct model *b, FILE *out)
{
	/* Without these nobody can tell; with them in both, the rest is compared as it is there. */
	static const char *const parts[] = { "machine", "kernel", "cpu", "built_with" };
	char path[64];
	size_t n = 0, i;

	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		struct pair p;

		snprintf(path, sizeof(path), "environment.%s", parts[i]);
		p = (struct pair){ model_get(a, path), model_get(b, path) };
		if (!p.a || !p.b)
			n += differs(parts[i], p, n, out);
		else
			n += compare_values(parts[i], p, n, out);
	}
	return n + compare_plans(a, b, n, out);
}
