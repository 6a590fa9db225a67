// SPDX-License-Identifier: GPL-2.0
/* What the charts of report.html are drawn from. */
#include <json-c/json.h>
#include <math.h>
#include <string.h>

#include "model/counters.h"
#include "report/html.h"
#include "report/md.h"

static void add_text(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, json_object_new_string(text));
}

/* Six digits: more than is drawn. A number that is not there is left out. */
static void add_number(struct json_object *o, const char *key, double v)
{
	char text[MD_NUM];

	if (!isfinite(v))
		return;
	snprintf(text, sizeof(text), "%.6g", v);
	json_object_object_add(o, key, json_object_new_double_s(v, text));
}

/* @s: or NULL; a sample too small for an interval of the median has its range, as in the figures */
static struct json_object *summary_json(const struct stats_summary *s)
{
	struct json_object *o = json_object_new_object();
	char text[MD_MEDIAN];

	if (!s || !s->n)
		return o;
	add_number(o, "v", s->median);
	add_number(o, "lo", s->level > 0 ? s->lo : s->min);
	add_number(o, "hi", s->level > 0 ? s->hi : s->max);
	add_text(o, "text", md_median(text, s));
	return o;
}

static struct json_object *cells_json(const struct model *m, const char *scheme,
				      enum refcost_mode mode)
{
	struct json_object *list = json_object_new_array();
	int cpus;

	for (cpus = 0; (cpus = model_next_cpus(m, mode, cpus));) {
		const struct cell *c = model_cell(m, scheme, mode, cpus);
		struct json_object *o;

		if (!c || !c->ns.n)
			continue;
		o = summary_json(&c->ns.s);
		json_object_object_add(o, "cpus", json_object_new_int(cpus));
		json_object_object_add(o, "over", json_object_new_boolean(c->oversubscribed));
		json_object_array_add(list, o);
	}
	return list;
}

static struct json_object *arm_json(const struct model *m, const char *scheme, enum cell_arm arm)
{
	const struct arm *a = model_arm(m, scheme, arm);
	struct json_object *o = summary_json(model_success(a));

	if (a && !model_success(a))
		add_text(o, "text", "starved");
	return o;
}

static void add_count(struct json_object *list, const struct model *m, const char *scheme, int cpus,
		      const char *event)
{
	const struct counter *c = counters_find(m, scheme, md_counters_mode(m), cpus, event);
	struct json_object *o = json_object_new_object();
	char text[MD_MEDIAN];

	add_text(o, "event", event);
	add_text(o, "text", counters_median(c, text, sizeof(text)));
	add_text(o, "unit", counters_unit(event));
	json_object_object_add(o, "cpus", json_object_new_int(cpus));
	json_object_object_add(o, "shared", json_object_new_boolean(c && c->share < 1));
	json_object_array_add(list, o);
}

/* What its figure shows: events at the least and the most CPUs. */
static struct json_object *counts_json(const struct model *m, const char *scheme)
{
	enum refcost_mode mode = md_counters_mode(m);
	const char *events[COUNTERS_MOST];
	int low = md_lowest_cpus(m, mode), high = model_max_cpus(m, mode);
	size_t n = counters_events(m, events), k;
	struct json_object *list = json_object_new_array();

	for (k = 0; k < n; k++) {
		add_count(list, m, scheme, low, events[k]);
		if (high != low)
			add_count(list, m, scheme, high, events[k]);
	}
	return list;
}

static struct json_object *scheme_json(const struct model *m, const struct scheme *s)
{
	struct json_object *o = json_object_new_object();
	double instructions = model_instructions(m, s->name, REFCOST_GETPUT);

	add_text(o, "name", s->name);
	add_text(o, "family", model_family(s->family));
	add_text(o, "what", s->what);
	json_object_object_add(o, "rank", json_object_new_int(s->rank));
	json_object_object_add(o, "core", json_object_new_boolean(model_has_role(s, "core")));
	json_object_object_add(o, "getput", cells_json(m, s->name, REFCOST_GETPUT));
	json_object_object_add(o, "lookup", cells_json(m, s->name, REFCOST_LOOKUP));
	json_object_object_add(o, "idle", arm_json(m, s->name, ARM_IDLE));
	json_object_object_add(o, "loaded", arm_json(m, s->name, ARM_LOADED));
	json_object_object_add(o, "counts", counts_json(m, s->name));
	if (!isnan(instructions)) {
		char text[MD_NUM];

		snprintf(text, sizeof(text), "%.2f", instructions);
		add_text(o, "instructions", text);
	}
	return o;
}

/* Within JSON these letters stand in strings only: so written the text ends no script. */
static void put_json(FILE *out, const char *text)
{
	for (; *text; text++)
		if (strchr("<>&", *text))
			fprintf(out, "\\u%04x", *text);
		else
			putc(*text, out);
}

void html_data(FILE *out, const struct model *m)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < m->nr_schemes; i++)
		json_object_array_add(list, scheme_json(m, &m->schemes[i]));
	put_json(out, json_object_to_json_string_ext(list, JSON_C_TO_STRING_PLAIN));
	json_object_put(list);
}
