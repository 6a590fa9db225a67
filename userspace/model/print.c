// SPDX-License-Identifier: GPL-2.0
/*
 * The tables that refcost run, unload and report print on a terminal.
 */
#include <math.h>
#include <string.h>

#include "base/refcost.h"
#include "model/counters.h"
#include "model/model.h"

/* "12.3" with three digits that mean something; "-" where there is no number. */
static const char *short_num(double v, char *buf, size_t len)
{
	if (isnan(v))
		snprintf(buf, len, "-");
	else
		snprintf(buf, len, "%.*f", fabs(v) < 10 ? 2 : fabs(v) < 100 ? 1 : 0, v);
	return buf;
}

void model_print_run(const struct model *m, FILE *out)
{
	size_t i;

	if (!m->nr_cells)
		return;
	fprintf(out, "%-20s %-7s %4s %4s %9s %9s %8s %20s %6s %8s  %s\n", "scheme", "mode", "cpus",
		"n", "ns/op min", "median", "mean", "interval of median", "lost", "fairness",
		"remarks");
	for (i = 0; i < model_all_cells(m); i++) {
		const struct cell *c = &m->cells[i];
		char hold[32] = "", place[48] = "";
		char min[32], median[32], mean[32], lo[32], hi[32], interval[72] = "-";

		if (c->key.hold_ns > 0) {
			strcpy(hold, "hold ");
			ns_text(c->key.hold_ns, hold + strlen(hold), sizeof(hold) - strlen(hold));
		}
		if (m->nr_elsewhere)
			snprintf(place, sizeof(place), "%s %s ", placement_names[c->key.placement],
				 layout_names[c->key.layout]);
		if (c->ns.s.level > 0)
			snprintf(interval, sizeof(interval), "%s..%s",
				 short_num(c->ns.s.lo, lo, sizeof(lo)),
				 short_num(c->ns.s.hi, hi, sizeof(hi)));
		fprintf(out, "%-20s %-7s %4d %4zu %9s %9s %8s %20s %5.0f%% %8.2f  %s%s%s%s%s%s%s\n",
			c->key.scheme, mode_names[c->key.mode], c->key.cpus, c->ns.n,
			short_num(c->ns.s.min, min, sizeof(min)),
			short_num(c->ns.s.median, median, sizeof(median)),
			short_num(c->mean.s.median, mean, sizeof(mean)), interval,
			100 * c->lost.s.median, c->fair.s.median, place, hold, *hold ? " " : "",
			c->flagged ? "overlap<0.9 " : "", c->steady ? "" : "drift ",
			c->kinds > 1 ? "mixed " : "", c->oversubscribed ? "oversubscribed" : "");
	}
}

void model_print_counters(const struct model *m, FILE *out)
{
	size_t i;

	if (!m->counters.n)
		return;
	fprintf(out, "%-20s %-7s %4s  %-24s %4s  %-30s %s\n", "scheme", "mode", "cpus", "event",
		"n", "an operation (interval)", "remarks");
	for (i = 0; i < m->counters.n; i++) {
		const struct counter *c = &m->counters.v[i];
		char event[64], median[128], share[32] = "";

		snprintf(event, sizeof(event), "%s%s", c->event, counters_unit(c->event));
		if (c->share < 1)
			snprintf(share, sizeof(share), "counted %.0f%% ", 100 * c->share);
		fprintf(out, "%-20s %-7s %4d  %-24s %4zu  %-30s %s%s\n", c->key.scheme,
			mode_names[c->key.mode], c->key.cpus, event, c->per_op.n,
			counters_median(c, median, sizeof(median)), share,
			c->uncounted ? "not in all windows" : "");
	}
}

void model_print_unload(const struct model *m, FILE *out)
{
	size_t i;

	if (!m->nr_arms)
		return;
	fprintf(out, "%-20s %-7s %8s %7s %9s %9s %9s %9s %9s %8s %10s %9s\n", "scheme", "arm",
		"hold us", "gone", "ms p50", "ms max", "gate us", "delete ms", "attempts", "failed",
		"stall us", "records");
	for (i = 0; i < m->nr_arms; i++) {
		const struct arm *a = &m->arms[i];
		char p50[32], max[32], gate[32], delete[32], stall[32], gone[32];

		snprintf(gone, sizeof(gone), "%zu/%zu", a->gone, a->cycles);
		fprintf(out, "%-20s %-7s %8g %7s %9s %9s %9s %9s %9.0f %8.0f %10s %9.0f\n",
			a->key.scheme, arm_names[a->key.arm], a->key.hold_ns / 1e3, gone,
			short_num(a->success_ms.s.median, p50, sizeof(p50)),
			short_num(a->success_ms.s.max, max, sizeof(max)),
			short_num(a->gate_us.s.median, gate, sizeof(gate)),
			short_num(a->delete_ms.s.median, delete, sizeof(delete)),
			a->attempts.s.median, a->failed,
			short_num(a->stall_us.s.max, stall, sizeof(stall)), a->records);
	}
}

void model_print_loading(const struct model *m, FILE *out)
{
	size_t i;

	if (!m->nr_loadings)
		return;
	fprintf(out, "%-20s %-6s %4s %13s %13s %11s %11s %11s\n", "scheme", "phases", "n",
		"window us p50", "window us max", "refused p50", "refused max", "all refused");
	for (i = 0; i < m->nr_loadings; i++) {
		const struct loading *l = &m->loadings[i];

		fprintf(out, "%-20s %-6s %4zu %13.1f %13.1f %11.0f %11.0f %11.0f\n", l->key.scheme,
			form_names[l->key.form], l->cycles, l->window_us.s.median,
			l->window_us.s.max, l->refused.s.median, l->refused.s.max,
			l->refused.s.mean * l->refused.n);
	}
}
