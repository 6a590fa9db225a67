// SPDX-License-Identifier: GPL-2.0
/*
 * RESULTS.md: the same get and put on other CPUs, and with other things in the line of the count.
 * Each is held against the first of its kind, block by block.
 */
#include <math.h>
#include <string.h>

#include "base/refcost.h"
#include "report/md.h"

#define NAMES_MAX 8

/* What is varied: a list of the plan, and its names. */
struct variation {
	const char *plan;
	bool layouts;
	const char *names[NAMES_MAX];
	int values[NAMES_MAX];
	size_t n;
};

static bool variation_read(const struct model *m, struct variation *v)
{
	struct json_object *list = model_get(m, v->plan), *entry;
	size_t i;

	if (!json_object_is_type(list, json_type_array))
		return false;
	for (i = 0; i < json_object_array_length(list) && i < NAMES_MAX; i++) {
		entry = json_object_array_get_idx(list, i);
		if (json_object_is_type(entry, json_type_object))
			entry = json_object_object_get(entry, "name");
		v->names[v->n] = json_object_get_string(entry) ?: "";
		v->values[v->n] =
			v->layouts ? key_word(layout_names, REFCOST_LAYOUTS, v->names[v->n])
				   : key_word(placement_names, PLACEMENT_KINDS, v->names[v->n]);
		v->n++;
	}
	return v->n > 1;
}

/* The k-th form of a cell of the first. */
static const struct cell *form(const struct model *m, const struct variation *v,
			       const struct cell *c, size_t k)
{
	return v->layouts ? model_placed(m, c, c->key.placement, v->values[k])
			  : model_placed(m, c, v->values[k], c->key.layout);
}

static bool has_other_form(const struct model *m, const struct variation *v, const struct cell *c)
{
	size_t k;

	for (k = 1; k < v->n && !form(m, v, c, k); k++)
		;
	return k < v->n;
}

/* The largest number of CPUs at which there is something of each form, 0 where there is none. */
static int common_cpus(const struct model *m, const struct variation *v, enum refcost_mode mode)
{
	int most = 0;
	size_t i, k, have;

	for (i = 0; i < m->nr_cells; i++) {
		const struct cell *c = &m->cells[i];

		for (k = 0, have = 0; k < v->n; k++)
			have += !!form(m, v, c, k);
		/* one layout may be for the lookup alone */
		if (c->key.mode == mode && !c->oversubscribed && c->key.cpus > most &&
		    (have == v->n || (v->layouts && have > 1)))
			most = c->key.cpus;
	}
	return most;
}

/* Of the counts, in the order of the forms; once where they are all on the same. */
static void cell_nodes(const struct model *m, const struct variation *v, FILE *f,
		       const struct cell *c)
{
	bool same = true;
	size_t k;

	for (k = 1; k < v->n; k++)
		same &= form(m, v, c, k) && form(m, v, c, k)->counter_node == c->counter_node;
	for (k = 0; k < (same ? 1 : v->n); k++) {
		const struct cell *is = form(m, v, c, k);

		if (is && is->counter_node >= 0)
			fprintf(f, "%s%d", k ? ", " : " ", is->counter_node);
		else
			fputs(k ? ", -" : " -", f);
	}
	fputs(" |", f);
}

static void row(const struct model *m, const struct variation *v, FILE *f, const struct cell *c,
		const char **family)
{
	int columns = v->n + 2 + !v->layouts;
	struct stats_summary ratio;
	size_t k;

	md_scheme(f, model_scheme(m, c->key.scheme), family, columns);
	fprintf(f, " %s |", mode_names[c->key.mode]);
	md_cell_median(f, &c->ns.s);
	for (k = 1; k < v->n; k++)
		md_cell_median(f, md_ratio(&ratio, form(m, v, c, k), c) ? &ratio : NULL);
	if (!v->layouts)
		cell_nodes(m, v, f, c);
	fputs("\n", f);
}

static void table(const struct model *m, const struct variation *v, FILE *f)
{
	int cpus[2] = { common_cpus(m, v, REFCOST_GETPUT), common_cpus(m, v, REFCOST_LOOKUP) };
	const char *family = NULL;
	char on[MD_NUM];
	size_t i, k;

	fprintf(f, "| scheme, %s | mode | `%s`: ns (interval) |", md_cpus(on, cpus[0] ?: cpus[1]),
		v->names[0]);
	for (k = 1; k < v->n; k++)
		fprintf(f, " `%s` / `%s` |", v->names[k], v->names[0]);
	fputs(v->layouts ? "\n|---|---|---:|" : " count on node |\n|---|---|---:|", f);
	for (k = 1; k < v->n; k++)
		fputs("---:|", f);
	fputs(v->layouts ? "\n" : "---:|\n", f);
	for (i = 0; i < m->nr_cells; i++) {
		const struct cell *c = &m->cells[i];

		if (c->key.cpus == cpus[c->key.mode == REFCOST_LOOKUP] && has_other_form(m, v, c))
			row(m, v, f, c, &family);
	}
	fputs("\n", f);
}

/* Which CPUs each placement is. */
static void list_placements(const struct model *m, FILE *f)
{
	struct json_object *list = model_get(m, "run.plan.placements");
	size_t i, k;

	for (i = 0; i < json_object_array_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i), *cpus, *name;

		if (!json_object_object_get_ex(o, "name", &name) ||
		    !json_object_object_get_ex(o, "cpus", &cpus))
			continue;
		fprintf(f, "- `%s`: CPUs", json_object_get_string(name));
		for (k = 0; k < json_object_array_length(cpus) && k < 32; k++)
			fprintf(f, " %d", json_object_get_int(json_object_array_get_idx(cpus, k)));
		fputs(k < json_object_array_length(cpus) ? " ...\n" : "\n", f);
	}
	fputs("\n", f);
}

static void placements(const struct model *m, FILE *f)
{
	struct variation v = { .plan = "run.plan.placements" };
	struct json_object *first, *node;

	if (!variation_read(m, &v))
		return;
	fputs("## Placement\n\nThe same objects, used from other CPUs; ratios are block by block.",
	      f);
	first = json_object_array_get_idx(model_get(m, v.plan), 0);
	if (json_object_object_get_ex(first, "memory_node", &node))
		fprintf(f, " All objects lie on NUMA node %d.", json_object_get_int(node));
	fputs(" CPUs are taken in this order:\n\n", f);
	list_placements(m, f);
	table(m, &v, f);
}

static void layouts(const struct model *m, FILE *f)
{
	struct variation v = { .plan = "run.plan.layouts", .layouts = true };

	if (!variation_read(m, &v))
		return;
	fprintf(f,
		"## Layout\n\nWhat shares a cache line with the count in an object, by the same code; "
		"ratios are block by block. `own`: nothing. `readmostly`: the object's key and "
		"operations, which every lookup and use reads. `pair`: the count of another object");
	fputs(md_number(m, "run.plan.objects") == 1 ? ", which every other CPU uses.\n\n" : ".\n\n",
	      f);
	table(m, &v, f);
}

void md_placement(const struct model *m, FILE *f)
{
	placements(m, f);
	layouts(m, f);
}
