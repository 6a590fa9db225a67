// SPDX-License-Identifier: GPL-2.0
/* RESULTS.md: what the kernel counted in the windows, an operation. */
#include <math.h>
#include <string.h>

#include "refcost.h"
#include "report_md.h"

#define EVENTS_MOST 16

static bool was_counted(const struct model *m, const char *event)
{
	size_t i;

	for (i = 0; i < m->counters.n; i++)
		if (!strcmp(m->counters.v[i].event, event))
			return true;
	return false;
}

/* The events that were asked for, in that order, as far as they were counted at all. */
static size_t counted_events(const struct model *m, const char **events)
{
	struct json_object *asked = model_get(m, "run.plan.counters");
	size_t k, n = 0;

	if (!json_object_is_type(asked, json_type_array))
		return 0;
	for (k = 0; n < EVENTS_MOST && k < json_object_array_length(asked); k++) {
		const char *name = json_object_get_string(json_object_array_get_idx(asked, k));

		if (was_counted(m, name))
			events[n++] = name;
	}
	return n;
}

static void table_head(FILE *f, const char *const *events, size_t n, int low, int high)
{
	size_t k;
	int cpus;

	fputs("| scheme |", f);
	for (cpus = low;; cpus = high) {
		for (k = 0; k < n; k++)
			fprintf(f, " %d CPU%s: %s%s |", cpus, cpus > 1 ? "s" : "", events[k],
				counters_unit(events[k]));
		if (cpus == high)
			break;
	}
	fputs("\n|---|", f);
	for (k = 0; k < n * (low == high ? 1 : 2); k++)
		fputs("---:|", f);
	fputs("\n", f);
}

static void table_row(const struct model *m, FILE *f, const char *scheme, const char *mode,
		      const char *const *events, size_t n, int cpus)
{
	size_t k;

	for (k = 0; k < n; k++) {
		const struct counter *c = counters_find(m, scheme, mode, cpus, events[k]);
		char median[MD_MEDIAN];

		fprintf(f, " %s |", counters_median(c, median, sizeof(median)));
	}
}

static void table(const struct model *m, FILE *f, const char *mode, const char *const *events,
		  size_t n)
{
	int low = md_lowest_cpus(m, mode), high = model_max_cpus(m, mode);
	const char *family = NULL;
	size_t i;

	table_head(f, events, n, low, high);
	for (i = 0; i < m->nr_schemes; i++) {
		const char *name = m->schemes[i].name;

		if (!model_cell(m, name, mode, low))
			continue;
		md_scheme(f, &m->schemes[i], &family, 1 + n * (low == high ? 1 : 2));
		table_row(m, f, name, mode, events, n, low);
		if (high != low)
			table_row(m, f, name, mode, events, n, high);
		fputs("\n", f);
	}
	fputs("\n", f);
}

/* Whether what stands in the table was counted all the time. */
static void sharing(const struct model *m, FILE *f)
{
	double share = 1;
	size_t i, uncounted = 0;

	for (i = 0; i < m->counters.n; i++) {
		share = fmin(share, m->counters.v[i].share);
		uncounted += m->counters.v[i].uncounted;
	}
	if (share < 1)
		fprintf(f,
			"**Multiplexed:** there were more events than counters for them, so that each was counted "
			"for a part of the time, %.0f %% at the least, and is scaled up.",
			100 * share);
	else
		fputs("No event shared a counter with another.", f);
	if (uncounted)
		fprintf(f,
			" In %zu windows a worker's event got no counter at all: these are left out.",
			uncounted);
	fputs("\n\n", f);
}

static void refusals(const struct model *m, FILE *f)
{
	struct json_object *counted = model_get(m, "run.counters");
	const char *why;
	size_t n = 0;

	if (!json_object_is_type(counted, json_type_object)) {
		fputs("Not available: no window was measured.\n\n", f);
		return;
	}
	why = counters_refused(counted);
	if (why) {
		fprintf(f, "Not available: %s.\n\n", why);
		return;
	}
	json_object_object_foreach(counted, event, value) {
		const char *text = json_object_get_string(value);

		if (strcmp(text, COUNTERS_COUNTED))
			fprintf(f, "%s`%s` is not available%s: %s", n++ ? "; " : "", event,
				was_counted(m, event) ? " in some windows" : "", text);
	}
	if (n)
		fputs(".\n\n", f);
}

void md_counters(const struct model *m, FILE *f)
{
	bool getput = model_max_cpus(m, "getput");
	const char *events[EVENTS_MOST];
	size_t n;

	if (!model_get(m, "run.plan.counters"))
		return;
	fputs("## Hardware counters\n\n", f);
	n = counted_events(m, events);
	if (n) {
		fprintf(f,
			"Counted of the workers alone, from the opening of the window to its end, over operations: "
			"medians of a get and its put%s on each CPU, with their intervals. The loop is in them, as "
			"`empty` has it, and so are the interrupts that met the worker.\n\n",
			getput ? "" : " with the lookup");
		table(m, f, getput ? "getput" : "lookup", events, n);
		sharing(m, f);
	}
	refusals(m, f);
}
