// SPDX-License-Identifier: GPL-2.0
/*
 * The sweep of holds: how long must a user stay for the choice of scheme not to matter? Each
 * scheme's get, hold and put is held against those of the scheme that is cheapest at this hold and
 * CPU count.
 */
#include <math.h>

#include "base/refcost.h"
#include "report/md.h"

/* A scheme that is at most this much more expensive than another costs as much. */
#define WITHIN 1.05

/*
 * The ends of what the medians are taken from: intervals, or where there are too few samples
 * ranges.
 */
static double upper(const struct stats_summary *s)
{
	return s->level > 0 ? s->hi : s->max;
}

static double lower(const struct stats_summary *s)
{
	return s->level > 0 ? s->lo : s->min;
}

/* One CPU count and hold, floors apart. */
struct spread {
	const struct cell *best, *worst;
	struct stats_summary ratio; /* of the two */
	double hi, lo;		    /* of all ratios to the cheapest */
};

static bool spread_of(const struct model *m, struct spread *s, int cpus, double hold)
{
	size_t i;

	*s = (struct spread){ .best = md_cheapest(m, cpus, hold) };
	for (i = 0; i < m->nr_schemes; i++) {
		const struct cell *c = md_swept_cell(m, &m->schemes[i], cpus, hold);
		struct stats_summary ratio;

		if (!c || c->floor || c == s->best || !md_ratio(&ratio, c, s->best))
			continue;
		s->hi = fmax(s->hi, upper(&ratio));
		s->lo = fmax(s->lo, lower(&ratio));
		if (!s->worst || ratio.median > s->ratio.median) {
			s->worst = c;
			s->ratio = ratio;
		}
	}
	return s->worst;
}

static const char *verdict(const struct spread *s)
{
	return s->hi <= WITHIN ? "yes" : s->lo > WITHIN ? "no" : "not distinguishable";
}

static void row(const struct model *m, FILE *f, int cpus, double hold)
{
	struct spread s;
	char text[MD_MEDIAN];

	if (!spread_of(m, &s, cpus, hold))
		return;
	fprintf(f, "| %d%s | %s | `%s` |", cpus, s.worst->oversubscribed ? " (oversubscribed)" : "",
		ns_text(hold, text, sizeof(text)), s.best->key.scheme);
	md_cell(f, s.best->ns.s.median);
	fprintf(f, " `%s` |", s.worst->key.scheme);
	md_cell(f, s.worst->ns.s.median);
	md_cell_median(f, &s.ratio);
	fprintf(f, " %s |\n", verdict(&s));
}

/*
 * The least hold from which on @value of every longer one is within bounds, too; NAN where none is.
 */
static double within_from(const struct model *m, int cpus, double (*value)(const struct spread *s))
{
	double hold, from = NAN;
	struct spread s;

	for (hold = -1; !isnan(hold = model_longer_hold(m, REFCOST_GETPUT, hold));) {
		if (!spread_of(m, &s, cpus, hold))
			continue;
		if (value(&s) > WITHIN)
			from = NAN;
		else if (isnan(from))
			from = hold;
	}
	return from;
}

static bool any_compared(const struct model *m)
{
	int cpus;

	for (cpus = 0; (cpus = model_next_cpus(m, REFCOST_GETPUT, cpus));)
		if (md_swept_schemes(m, cpus) > 1)
			return true;
	return false;
}

static double by_interval(const struct spread *s)
{
	return s->hi;
}

static double by_median(const struct spread *s)
{
	return s->ratio.median;
}

static void hold_text(const struct model *m, int cpus, char *buf, size_t len)
{
	double sure = within_from(m, cpus, by_interval), median = within_from(m, cpus, by_median);
	char text[32], on[MD_NUM];

	md_cpus(on, cpus);
	if (isnan(median))
		snprintf(buf, len, "On %s the choice of scheme matters at every hold measured", on);
	else
		snprintf(buf, len,
			 "On %s all %zu schemes measured are within 5 %% from a hold of "
			 "%s on%s",
			 on, md_swept_schemes(m, cpus),
			 ns_text(isnan(sure) ? median : sure, text, sizeof(text)),
			 isnan(sure) ? ", by medians alone" : "");
}

void md_hold_title(const struct model *m, char *buf, size_t len)
{
	if (any_compared(m))
		hold_text(m, model_max_cpus(m, REFCOST_GETPUT), buf, len);
}

void md_hold_sentences(const struct model *m, FILE *f)
{
	int cpus = 0, last = model_max_cpus(m, REFCOST_GETPUT);
	char text[160];

	while ((cpus = model_next_cpus(m, REFCOST_GETPUT, cpus)) && cpus <= last) {
		if (md_swept_schemes(m, cpus) < 2)
			continue;
		hold_text(m, cpus, text, sizeof(text));
		fprintf(f, "- %s.\n", text);
	}
}

void md_hold(const struct model *m, FILE *f)
{
	double hold;
	int cpus;

	if (!any_compared(m))
		return;
	fputs("## When the choice stops mattering\n\n"
	      "The longer a user holds a reference, the less of its time goes to the get and the put. The "
	      "time of get, hold and put of the most expensive scheme swept, over that of the cheapest, "
	      "block by block; within 5 % is *yes* where the upper end of every scheme's interval is (the "
	      "largest of fewer than six samples), *no* where a lower end is above.\n\n"
	      "| CPUs | hold | cheapest | ns | most expensive | ns | ratio by block (interval) | all within 5 %? "
	      "|\n|---:|---:|---|---:|---|---:|---:|---|\n",
	      f);
	for (cpus = 0; (cpus = model_next_cpus(m, REFCOST_GETPUT, cpus));)
		for (hold = -1; !isnan(hold = model_longer_hold(m, REFCOST_GETPUT, hold));)
			row(m, f, cpus, hold);
	fputs("\n", f);
	md_hold_sentences(m, f);
	fputs("\n", f);
}
