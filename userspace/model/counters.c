// SPDX-License-Identifier: GPL-2.0
#include "model/counters.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/refcost.h"
#include "model/model.h"
#include "results/rows.h"

const struct counter *counters_find(const struct model *m, const char *scheme,
				    enum refcost_mode mode, int cpus, const char *event)
{
	struct cell_key key = { .mode = mode, .cpus = cpus };
	size_t i;

	snprintf(key.scheme, sizeof(key.scheme), "%s", scheme);
	for (i = 0; i < m->counters.n; i++)
		if (!key_cmp(&m->counters.v[i].key, &key, KEY_USE) &&
		    !strcmp(m->counters.v[i].event, event))
			return &m->counters.v[i];
	return NULL;
}

/* The rows of a window are in the order asked for, and so are the first of each event. */
static int rank_of(const struct model *m, const char *event)
{
	int rank = 0;
	size_t i;

	for (i = 0; i < m->counters.n; i++) {
		if (!strcmp(m->counters.v[i].event, event))
			return m->counters.v[i].rank;
		if (m->counters.v[i].rank >= rank)
			rank = m->counters.v[i].rank + 1;
	}
	return rank;
}

static int add_counter(void *model, const struct row *r)
{
	struct model *m = model;
	const char *event = row_text(r, "event");
	double share = row_num_or_0(r, "share");
	const struct cell *cell;
	struct cell_key key;
	struct counter *c;

	if (key_read(&key, r))
		return -EINVAL;
	/* as all tables but two: the least hold, and the first placement and layout */
	cell = model_cell(m, key.scheme, key.mode, key.cpus);
	if (cell && key_cmp(&key, &cell->key, KEY_ALL))
		return 0;
	c = (struct counter *)counters_find(m, key.scheme, key.mode, key.cpus, event);
	if (!c) {
		int rank = rank_of(m, event);

		c = array_append((void **)&m->counters.v, &m->counters.n, sizeof(*c));
		if (!c)
			return -ENOMEM;
		snprintf(c->event, sizeof(c->event), "%s", event);
		c->key = key;
		c->rank = rank;
		c->share = 1;
	}
	if (!(share > 0)) {
		c->uncounted++;
		return 0;
	}
	c->share = fmin(c->share, share);
	series_add(&c->per_op, row_num(r, "count") / row_num(r, "ops"));
	return 0;
}

int counters_read(struct model *m, const char *dir)
{
	int err;
	size_t i;

	err = rows_read(dir, "counters.csv", add_counter, m);
	for (i = 0; i < m->counters.n && !err; i++)
		if (series_summarise(&m->counters.v[i].per_op))
			err = fail(
				EXIT_FAILED,
				"%s/counters.csv holds a number that is not finite: was it edited?",
				dir);
	return err;
}

static int counter_cmp(const void *a, const void *b, void *m)
{
	const struct counter *x = a, *y = b;
	const struct scheme *s = model_scheme(m, x->key.scheme);
	const struct scheme *t = model_scheme(m, y->key.scheme);

	return (s > t) - (s < t) ?: key_cmp(&x->key, &y->key, KEY_USE) ?: x->rank - y->rank;
}

void counters_sort(struct model *m)
{
	if (m->counters.n)
		qsort_r(m->counters.v, m->counters.n, sizeof(*m->counters.v), counter_cmp, m);
}

void counters_free(struct counters_model *c)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		free(c->v[i].per_op.v);
	free(c->v);
}

static bool was_counted(const struct model *m, const char *event)
{
	size_t i;

	for (i = 0; i < m->counters.n; i++)
		if (m->counters.v[i].per_op.n && !strcmp(m->counters.v[i].event, event))
			return true;
	return false;
}

static bool was_asked_for(const struct model *m, const char *event)
{
	struct json_object *asked = model_get(m, "run.plan.counters");
	size_t k, n = json_object_is_type(asked, json_type_array) ? json_object_array_length(asked)
								  : 0;

	for (k = 0; k < n; k++)
		if (!strcmp(json_object_get_string(json_object_array_get_idx(asked, k)) ?: "",
			    event))
			return true;
	return false;
}

size_t counters_events(const struct model *m, const char **events)
{
	struct json_object *asked = model_get(m, "run.plan.counters");
	size_t k, n = 0;

	if (!json_object_is_type(asked, json_type_array))
		return 0;
	for (k = 0; n < COUNTERS_MOST && k < json_object_array_length(asked); k++) {
		const char *name = json_object_get_string(json_object_array_get_idx(asked, k));

		if (name && was_counted(m, name))
			events[n++] = name;
	}
	return n;
}

const char *counters_lacking(const struct model *m, const char *event)
{
	struct json_object *why = NULL;

	if (was_counted(m, event))
		return NULL;
	if (!was_asked_for(m, event))
		return "not asked for";
	json_object_object_get_ex(model_get(m, "run.counters"), event, &why);
	if (!why)
		return "no window was measured";
	if (!strcmp(json_object_get_string(why), COUNTERS_COUNTED))
		return "it never got a counter";
	return json_object_get_string(why);
}

const char *counters_refused(struct json_object *counted)
{
	const char *why = NULL;

	json_object_object_foreach(counted, event, value) {
		const char *text = json_object_get_string(value) ?: "not recorded";

		(void)event;
		if (!strcmp(text, COUNTERS_COUNTED) || (why && strcmp(why, text)))
			return NULL;
		why = text;
	}
	return why;
}

const char *counters_num(double v, char *buf, size_t len)
{
	if (v < 0.1)
		snprintf(buf, len, "%.2g", v);
	else
		snprintf(buf, len, "%.*f", v < 10 ? 2 : v < 100 ? 1 : 0, v);
	return buf;
}

const char *counters_median(const struct counter *c, char *buf, size_t len)
{
	char median[32], lo[32], hi[32];

	if (!c || !c->per_op.n)
		snprintf(buf, len, "-");
	else if (c->per_op.s.level > 0)
		snprintf(buf, len, "%s (%s..%s)",
			 counters_num(c->per_op.s.median, median, sizeof(median)),
			 counters_num(c->per_op.s.lo, lo, sizeof(lo)),
			 counters_num(c->per_op.s.hi, hi, sizeof(hi)));
	else
		counters_num(c->per_op.s.median, buf, len);
	return buf;
}

const char *counters_unit(const char *event)
{
	return !strcmp(event, "task-clock") || !strcmp(event, "cpu-clock") ? " (ns)" : "";
}
