// SPDX-License-Identifier: GPL-2.0
/* What the kernel counted in the windows, an operation: its part of RESULTS.md. */
#include <math.h>
#include <string.h>

#include "base/refcost.h"
#include "model/counters.h"
#include "report/md.h"

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

static void table_row(const struct model *m, FILE *f, const char *scheme, enum refcost_mode mode,
		      const char *const *events, size_t n, int cpus)
{
	size_t k;

	for (k = 0; k < n; k++) {
		const struct counter *c = counters_find(m, scheme, mode, cpus, events[k]);
		char median[MD_MEDIAN];

		fprintf(f, " %s |", counters_median(c, median, sizeof(median)));
	}
}

static void table(const struct model *m, FILE *f, enum refcost_mode mode, const char *const *events,
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
		const char *never = counters_lacking(m, event);
		const char *text = never ?: json_object_get_string(value) ?: "not recorded";

		if (strcmp(text, COUNTERS_COUNTED))
			fprintf(f, "%s`%s` is not available%s: %s", n++ ? "; " : "", event,
				never ? "" : " in some windows", text);
	}
	if (n)
		fputs(".\n\n", f);
}

void md_counters(const struct model *m, FILE *f, const char *figures)
{
	enum refcost_mode mode = md_counters_mode(m);
	const char *events[COUNTERS_MOST];
	bool lookup = mode == REFCOST_LOOKUP;
	size_t n;

	if (!model_get(m, "run.plan.counters"))
		return;
	fputs("## Hardware counters\n\n", f);
	n = counters_events(m, events);
	if (n) {
		fprintf(f,
			"Counted of the workers alone, from the opening of the window to its end, over operations: "
			"medians of a get and its put%s on each CPU, with their intervals. The loop is in them%s, "
			"and so are the interrupts that met the worker.\n\n",
			lookup ? " with the lookup" : "",
			model_role(m, "loop") ? ", as the floor of the loop alone has it" : "");
		table(m, f, mode, events, n);
		sharing(m, f);
	}
	refusals(m, f);
	md_figure(
		m, f, figures, "counters",
		"The same as a picture, a panel an event, each with an axis of its own: further to the right, "
		"a get and its put take more of it. A ring marks what was multiplexed.");
}
