// SPDX-License-Identifier: GPL-2.0
/* What the kernel counted in the windows, an operation: the figure's data. */
#include <math.h>
#include <string.h>

#include "model/counters.h"
#include "report/dat.h"
#include "report/md.h"

static const struct counter *counted_at(const struct model *m, const char *scheme, int cpus,
					const char *event)
{
	const struct counter *c = counters_find(m, scheme, md_counters_mode(m), cpus, event);

	return c && c->per_op.n ? c : NULL;
}

/*
 * One number of CPUs: how many, the count with its interval, and the share of the time that was
 * counted.
 */
static void dat_count(FILE *f, int cpus, const struct counter *c)
{
	static const struct stats_summary none = { .median = NAN, .min = NAN, .max = NAN };

	fprintf(f, " %d", cpus);
	dat_put_summary(f, c ? &c->per_op.s : &none);
	dat_put(f, c ? c->share : NAN);
}

static void dat_scheme(const struct model *m, struct dat *d, const char *scheme, const char *event)
{
	enum refcost_mode mode = md_counters_mode(m);
	int low = md_lowest_cpus(m, mode), high = model_max_cpus(m, mode);
	const struct counter *one = counted_at(m, scheme, low, event);
	const struct counter *all = counted_at(m, scheme, high, event);
	const struct cell *cell = model_cell(m, scheme, mode, high);

	FILE *f = d->f;

	if ((!one && !all) || !dat_row(d))
		return;
	dat_put_scheme(m, f, scheme);
	fprintf(f, " %s %s %s", mode_names[mode], event, *counters_unit(event) ? "ns" : "-");
	dat_count(f, low, one);
	dat_count(f, high, all);
	fprintf(f, " %d \"-\"\n", cell && cell->oversubscribed);
}

/* Below the rows of the schemes, one for each event that there is no count of, with the reason. */
static void dat_not_counted(const struct model *m, FILE *f)
{
	struct json_object *counted = model_get(m, "run.counters");

	if (!json_object_is_type(counted, json_type_object))
		return;
	json_object_object_foreach(counted, event, value) {
		const char *why = counters_lacking(m, event);

		(void)value;
		if (why)
			fprintf(f, "- \"-\" 0 0 %s %s - ? ? ? ? ? ? ? ? ? ? ? \"%s\"\n",
				mode_names[md_counters_mode(m)], event, why);
	}
}

void dat_counters(const struct model *m, struct dat *d)
{
	const char *events[COUNTERS_MOST];
	size_t n = counters_events(m, events), i, k;

	for (i = 0; i < m->nr_schemes; i++)
		for (k = 0; k < n; k++)
			dat_scheme(m, d, m->schemes[i].name, events[k]);
	if (d->any && d->f)
		dat_not_counted(m, d->f);
}
