// SPDX-License-Identifier: GPL-2.0
/* What a run found, in sentences that follow from its numbers. */
#include "report/finding.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/refcost.h"
#include "report/md.h"

#define EXACT "exact"
#define RATIO "ratio"
#define SAME  "not distinguishable"

/* Growth of at most this factor is called flat, unless its interval reaches beyond. */
#define FLAT 1.5

enum verdict finding_verdict(const struct stats_summary *ratio)
{
	if (!(ratio->level > 0))
		return VERDICT_FEW;
	return ratio->lo > 1 ? VERDICT_MORE : ratio->hi < 1 ? VERDICT_LESS : VERDICT_SAME;
}

static int found(struct finding *f, const char *tag, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int found(struct finding *f, const char *tag, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(f->text, sizeof(f->text), format, args);
	va_end(args);
	f->tag = tag;
	return 1;
}

struct stats_summary finding_turned(const struct stats_summary *ratio)
{
	struct stats_summary t = *ratio;

	t.median = 1 / ratio->median;
	t.lo = 1 / ratio->hi;
	t.hi = 1 / ratio->lo;
	return t;
}

/* The module's count before and after 2014, and the count in an object. */
struct cast {
	const char *old, *new, *object;
	int low, high;
};

static bool cast_of(const struct model *m, struct cast *c)
{
	const struct scheme *old = model_role(m, "replaced"), *new = model_role(m, "replacing");
	const struct scheme *object = model_role(m, "object");

	*c = (struct cast){ .old = old ? old->name : "",
			    .new = new ? new->name : "",
			    .object = object ? object->name : "",
			    .low = md_lowest_cpus(m, REFCOST_GETPUT),
			    .high = model_max_cpus(m, REFCOST_GETPUT) };
	return old && new;
}

static int instructions(const struct model *m, struct finding *f)
{
	struct cast c;
	double old, new;

	if (!cast_of(m, &c))
		return 0;
	old = model_instructions(m, c.old, REFCOST_GETPUT) - md_loop_instructions(m);
	new = model_instructions(m, c.new, REFCOST_GETPUT) - md_loop_instructions(m);
	if (isnan(old) || isnan(new) || old <= 0 || new <= 0)
		return 0;
	if (old == new)
		return found(f, EXACT,
			     "A get and its put take %g instructions with `%s` and with `%s`.", new,
			     c.new, c.old);
	return found(
		f, EXACT,
		"A get and its put take %g instructions with `%s` and %g with `%s`: %.1f times as many.",
		fmax(old, new), new > old ? c.new : c.old, fmin(old, new),
		new > old ? c.old : c.new, fmax(old, new) / fmin(old, new));
}

static int compared(const struct model *m, struct finding *f, const char *a, const char *b,
		    int cpus)
{
	const struct cell *of_a = model_cell(m, a, REFCOST_GETPUT, cpus);
	const struct cell *of_b = model_cell(m, b, REFCOST_GETPUT, cpus);
	char on[MD_NUM], text[MD_MEDIAN], lo[MD_NUM], hi[MD_NUM];
	struct stats_summary ratio;

	if (!md_ratio(&ratio, of_a, of_b))
		return 0;
	md_cpus(on, cpus);
	switch (finding_verdict(&ratio)) {
	case VERDICT_LESS:
		ratio = finding_turned(&ratio);
		return found(f, RATIO, "On %s a get and put of `%s` costs %s times that of `%s`.",
			     on, b, md_median(text, &ratio), a);
	case VERDICT_MORE:
		return found(f, RATIO, "On %s a get and put of `%s` costs %s times that of `%s`.",
			     on, a, md_median(text, &ratio), b);
	case VERDICT_SAME:
		return found(f, SAME,
			     "On %s a get and put of `%s` and one of `%s` cost the same, as far as "
			     "this run can tell (ratio %s..%s).",
			     on, a, b, md_num(lo, ratio.lo), md_num(hi, ratio.hi));
	default:
		return found(f, SAME, "On %s this run has too few blocks to tell `%s` from `%s`.",
			     on, a, b);
	}
}

static int all_cpus(const struct model *m, struct finding *f)
{
	struct cast c;

	return cast_of(m, &c) ? compared(m, f, c.new, c.old, c.high) : 0;
}

bool finding_growth(const struct model *m, const char *scheme, struct stats_summary *s)
{
	int low = md_lowest_cpus(m, REFCOST_GETPUT), high = model_max_cpus(m, REFCOST_GETPUT);

	return low < high && md_ratio(s, model_cell(m, scheme, REFCOST_GETPUT, high),
				      model_cell(m, scheme, REFCOST_GETPUT, low));
}

static double surely(const struct stats_summary *s, bool upper)
{
	if (s->level > 0)
		return upper ? s->hi : s->lo;
	return upper ? s->max : s->min;
}

/* Schemes by what their intervals say of their growth, floors apart. */
struct grown {
	size_t flat, more, unclear;
};

static struct grown grown_schemes(const struct model *m)
{
	struct grown g = { 0 };
	struct stats_summary s;
	size_t i;

	for (i = 0; i < m->nr_schemes; i++) {
		if (m->schemes[i].floor || !finding_growth(m, m->schemes[i].name, &s))
			continue;
		if (surely(&s, true) <= FLAT)
			g.flat++;
		else if (surely(&s, false) > FLAT)
			g.more++;
		else
			g.unclear++;
	}
	return g;
}

/* Without a full stop; "" where there is nothing to say. @plain: short, for a figure. */
static void growth_text(const struct model *m, char *buf, size_t len, bool plain)
{
	struct grown g = grown_schemes(m);
	const char *quote = plain ? "" : "`";
	size_t all = g.flat + g.more + g.unclear, n;
	struct stats_summary object;
	char times[MD_NUM];
	struct cast c;

	cast_of(m, &c);
	*buf = '\0';
	if (!all)
		return;
	n = snprintf(buf, len, "From %d to %d CPUs %zu of %zu schemes %s flat", c.low, c.high,
		     g.flat, all, g.flat == 1 ? "stays" : "stay");
	if (g.more)
		n += snprintf(buf + n, len - n, ", %zu %s", g.more, g.more == 1 ? "grows" : "grow");
	if (g.unclear && plain)
		n += snprintf(buf + n, len - n, ", %zu unclear", g.unclear);
	else if (g.unclear)
		n += snprintf(buf + n, len - n, ", %zu %s not distinguishable", g.unclear,
			      g.unclear == 1 ? "is" : "are");
	if (finding_growth(m, c.object, &object) && surely(&object, false) > FLAT)
		snprintf(buf + n, len - n, "; %s%s%s costs %s times as much", quote, c.object,
			 quote, md_num(times, object.median));
}

static int growth(const struct model *m, struct finding *f)
{
	struct grown g = grown_schemes(m);
	char text[256];

	growth_text(m, text, sizeof(text), false);
	return *text ? found(f, g.flat || g.more ? RATIO : SAME, "%s (flat: at most %g times).",
			     text, FLAT)
		     : 0;
}

/* Intervals that do not touch each other; the model has no blocks that would pair unloads. */
static int unloads(const struct model *m, struct finding *f)
{
	const struct stats_summary *a, *b;
	char of_a[MD_MEDIAN], of_b[MD_MEDIAN];
	struct cast c;
	bool more;

	if (!cast_of(m, &c) || model_crowded(m))
		return 0;
	a = model_success(model_arm(m, c.new, ARM_LOADED));
	b = model_success(model_arm(m, c.old, ARM_LOADED));
	if (!a || !b || !(a->level > 0) || !(b->level > 0))
		return 0;
	md_median(of_a, a);
	md_median(of_b, b);
	if (a->lo <= b->hi && b->lo <= a->hi)
		return found(
			f, SAME,
			"Unloading under load takes as long with `%s`, %s ms, as with `%s`, %s ms, as "
			"far as this run can tell.",
			c.new, of_a, c.old, of_b);
	more = a->median > b->median;
	return found(
		f, RATIO,
		"Unloading under load takes %.1f times as long with `%s`, %s ms, as with `%s`, %s ms.",
		more ? a->median / b->median : b->median / a->median, more ? c.new : c.old,
		more ? of_a : of_b, more ? c.old : c.new, more ? of_b : of_a);
}

/* A label that was merged with its neighbour's holds more than one thing. */
static bool ends_with(const char *label, const char *end)
{
	size_t len = strlen(label);

	return !strstr(label, "..") && len >= strlen(end) &&
	       !strcmp(label + len - strlen(end), end);
}

static double traced_waits(const struct traced *g)
{
	double n = 0;
	size_t i;

	for (i = 0; i < g->nr_phases; i++)
		n += ends_with(g->phases[i].label, "grace period") ? g->phases[i].us.n : 0;
	return n / g->total_ms.n;
}

/* Of the experiment on grace periods, a module with calls of ftrace is the first. */
static const struct traced *grace_module(const struct tracer_model *t, int expedited, int which)
{
	size_t i;

	for (i = 0; i < t->nr_traced; i++)
		if (!strcmp(t->traced[i].experiment, "grace") && t->traced[i].level == expedited &&
		    !which--)
			return &t->traced[i];
	return NULL;
}

static int grace_periods(const struct model *m, struct finding *f)
{
	const struct traced *with = grace_module(&m->tracer, 0, 0);
	const struct traced *without = grace_module(&m->tracer, 0, 1);

	if (!with)
		return 0;
	if (!without || traced_waits(with) == traced_waits(without))
		return found(f, EXACT, "Unloading `%s` waits for %g grace periods%s.", with->module,
			     traced_waits(with),
			     without ? ", with calls of ftrace or without" : "");
	return found(f, EXACT, "Unloading `%s` waits for %g grace periods, `%s` for %g.",
		     with->module, traced_waits(with), without->module, traced_waits(without));
}

bool finding_expedited(const struct model *m, char *buf, size_t len)
{
	const struct traced *slow = grace_module(&m->tracer, 0, 0);
	const struct traced *fast = grace_module(&m->tracer, 1, 0);
	const struct stats_summary *a, *b;
	char times[MD_NUM];

	if (!slow || !fast)
		return false;
	a = &slow->total_ms.s;
	b = &fast->total_ms.s;
	if (!(a->level > 0) || !(b->level > 0))
		snprintf(buf, len, "was measured too rarely to say");
	else if (a->lo <= b->hi && b->lo <= a->hi)
		snprintf(buf, len, "makes no difference that this run can tell");
	else
		snprintf(buf, len, "makes the unload %s times as %s",
			 md_num(times, a->median > b->median ? a->median / b->median
							     : b->median / a->median),
			 a->median > b->median ? "fast" : "slow");
	return true;
}

static double longest_hold(const struct model *m)
{
	double hold = -1, last = NAN;

	while (!isnan(hold = model_next_hold(m, ARM_LOADED, hold)))
		last = hold;
	return last;
}

/* How many schemes had starved unloads at a hold, of how many. */
static size_t starved_schemes(const struct model *m, double hold, size_t *all)
{
	size_t i, n = 0;

	for (i = *all = 0; i < m->nr_arms; i++) {
		const struct arm *a = &m->arms[i];

		if (a->key.arm != ARM_LOADED || a->key.hold_ns != hold)
			continue;
		++*all;
		n += a->gone < a->cycles;
	}
	return n;
}

static void starved_text(const struct model *m, char *buf, size_t len)
{
	double hold = longest_hold(m);
	char text[MD_NUM];
	size_t all, n;

	*buf = '\0';
	if (isnan(hold))
		return;
	n = starved_schemes(m, hold, &all);
	if (!n)
		snprintf(buf, len, "None of %zu schemes starves while users stay for up to %s", all,
			 ns_text(hold, text, sizeof(text)));
	else
		snprintf(buf, len, "%zu of %zu schemes %s while users stay for %s", n, all,
			 n == 1 ? "starves" : "starve", ns_text(hold, text, sizeof(text)));
}

/* Counted, and yet not exact: who finds a moment without users is a matter of chance. */
static int starved(const struct model *m, struct finding *f)
{
	char text[256];

	starved_text(m, text, sizeof(text));
	return *text ? found(f, RATIO, "%s: an unload is given up after %s attempts or %g s.", text,
			     model_text(m, "unload.plan.attempts"),
			     fmax(md_number(m, "unload.plan.patience_ns"), 0) / 1e9)
		     : 0;
}

int finding_get(const struct model *m, size_t i, struct finding *out)
{
	static int (*const all[])(const struct model *m, struct finding *f) = {
		instructions, all_cpus, growth, unloads, grace_periods, starved,
	};

	return i < ARRAY_SIZE(all) ? all[i](m, out) : -1;
}

double finding_waits(const struct model *m, const char *scheme, const char *what)
{
	const struct arm *a = model_arm(m, scheme, ARM_IDLE);
	double n = 0;
	bool traced = false;
	size_t i;

	for (i = 0; i < m->nr_phases; i++) {
		const struct phase *p = &m->phases[i];

		if (strcmp(p->key.scheme, scheme) || p->key.arm != ARM_IDLE)
			continue;
		traced = true;
		n += ends_with(p->label, what) ? p->us.n : 0;
	}
	return traced && a && a->records > 0 ? n / a->records : NAN;
}

bool finding_gate_traced(const struct model *m, const char *scheme)
{
	const struct arm *a = model_arm(m, scheme, ARM_IDLE);
	size_t i;

	if (a && !(a->gate_us.s.max > 0))
		return true;
	for (i = 0; i < m->nr_phases; i++)
		if (!strcmp(m->phases[i].key.scheme, scheme) &&
		    !strncmp(m->phases[i].label, "gate", strlen("gate")))
			return true;
	return false;
}

static void title_of_waits(const struct model *m, char *buf, size_t len)
{
	double least = INFINITY, most = -INFINITY, waits;
	size_t i, all = 0, gates = 0;

	for (i = 0; i < m->nr_schemes; i++) {
		waits = finding_waits(m, m->schemes[i].name, "grace period");
		if (isnan(waits))
			continue;
		all++;
		gates += finding_gate_traced(m, m->schemes[i].name);
		least = fmin(least, waits);
		most = fmax(most, waits);
	}
	if (!all)
		return;
	if (least == most)
		snprintf(buf, len, "Every scheme waits for %g grace periods%s", most,
			 gates < all ? " in delete_module; gates are not recorded" : "");
	else
		snprintf(buf, len, "An unload waits for %g to %g grace periods%s", least, most,
			 gates < all ? " in delete_module; gates are not recorded" : "");
}

static void title_of_waterfall(const struct model *m, char *buf, size_t len)
{
	const struct traced *g = grace_module(&m->tracer, 0, 0);
	double all = 0, waits = 0;
	size_t i;

	for (i = 0; g && i < g->nr_phases; i++) {
		double sum = g->phases[i].us.s.mean * g->phases[i].us.n;

		all += sum;
		waits += ends_with(g->phases[i].label, "grace period") ? sum : 0;
	}
	if (all > 0)
		snprintf(buf, len, "Grace periods are %.0f %% of an unload", 100 * waits / all);
}

static void title_of_parallel(const struct model *m, char *buf, size_t len)
{
	const struct tracer_model *t = &m->tracer;
	const struct traced *one = tracer_group(t, "parallel", 1, NULL), *most = one;
	char times[MD_NUM];
	size_t i;

	for (i = 0; one && i < t->nr_traced; i++)
		if (!strcmp(t->traced[i].experiment, "parallel") &&
		    t->traced[i].level > most->level)
			most = &t->traced[i];
	if (most != one)
		snprintf(buf, len, "%d unloads at once take %s times as long as one", most->level,
			 md_num(times, most->last_ms.s.median / one->last_ms.s.median));
}

static void title_of_modules(const struct model *m, char *buf, size_t len)
{
	const struct traced *slow = NULL;
	const struct traced_phase *phase = NULL;
	char ms[MD_NUM], part[MD_NUM];
	size_t i;

	for (i = 0; i < m->tracer.nr_traced; i++) {
		const struct traced *g = &m->tracer.traced[i];

		if (!strcmp(g->experiment, "modules") &&
		    (!slow || g->total_ms.s.median > slow->total_ms.s.median))
			slow = g;
	}
	for (i = 0; slow && i < slow->nr_phases; i++)
		if (!phase || slow->phases[i].us.s.mean > phase->us.s.mean)
			phase = &slow->phases[i];
	if (phase)
		snprintf(buf, len, "%s takes %s ms to unload, %s of them in %s", slow->module,
			 md_num(ms, slow->total_ms.s.median), md_num(part, phase->us.s.mean / 1e3),
			 phase->label);
}

static void title_of_growth(const struct model *m, char *buf, size_t len)
{
	growth_text(m, buf, len, true);
}

bool finding_title(const struct model *m, const char *figure, char *buf, size_t len)
{
	static const struct {
		const char *figure;
		void (*title)(const struct model *m, char *buf, size_t len);
	} all[] = {
		{ "cost", title_of_growth },	   { "scaling", title_of_growth },
		{ "tradeoff", title_of_waits },	   { "hold", md_hold_title },
		{ "starvation", starved_text },	   { "waterfall", title_of_waterfall },
		{ "parallel", title_of_parallel }, { "modules", title_of_modules },
	};
	size_t i;

	*buf = '\0';
	for (i = 0; i < ARRAY_SIZE(all); i++)
		if (!strcmp(all[i].figure, figure))
			all[i].title(m, buf, len);
	return *buf;
}
