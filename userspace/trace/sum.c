// SPDX-License-Identifier: GPL-2.0
/*
 * What a trace says about each module.
 */
#include "trace/sum.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/refcost.h"
#include "stats/summary.h"

static struct sum_module *find(struct sum *s, const char *name)
{
	struct sum_module *v;
	size_t i;

	for (i = 0; i < s->n; i++)
		if (!strcmp(s->v[i].name, name))
			return &s->v[i];
	if (s->n > SUM_MODULES)
		return &s->v[SUM_MODULES];
	if (s->n == SUM_MODULES)
		name = SUM_OTHERS;
	v = array_append((void **)&s->v, &s->n, sizeof(*v));
	if (v)
		snprintf(v->name, sizeof(v->name), "%s", name);
	return v;
}

/* The array doubles when it is full, at 1, 2, 4, ... times. */
static int keep_exact(struct sum_module *m, uint64_t n, uint64_t ns)
{
	double *v;

	if (n >= SUM_EXACT)
		return 0;
	if (!(n & (n - 1))) {
		v = realloc(m->exact, (n ? 2 * n : 1) * sizeof(*v));
		if (!v)
			return -ENOMEM;
		m->exact = v;
	}
	m->exact[n] = ns;
	return 0;
}

int sum_add(struct sum *s, const char *module, enum trace_outcome outcome, uint64_t ns)
{
	struct sum_module *m = find(s, module);

	if (!m)
		return -ENOMEM;
	m->outcomes[outcome]++;
	if (outcome != OUTCOME_GONE && outcome != OUTCOME_LOADED)
		return 0;
	if (!m->hist)
		m->hist = calloc(1, sizeof(*m->hist));
	if (!m->hist || keep_exact(m, hist_count(m->hist), ns))
		return -ENOMEM;
	hist_add(m->hist, ns);
	m->total_ns += ns;
	return 0;
}

uint64_t sum_successes(const struct sum_module *m)
{
	return m->hist ? hist_count(m->hist) : 0;
}

double sum_percentile(const struct sum_module *m, double p)
{
	uint64_t n = sum_successes(m);
	struct stats_summary s;

	if (!n)
		return NAN;
	if (n > SUM_EXACT)
		return hist_percentile(m->hist, p);
	if (p != 0.5)
		return stats_percentile(m->exact, n, p);
	return stats_summarise(m->exact, n, &s) ? NAN : s.median;
}

void sum_free(struct sum *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		free(s->v[i].hist);
		free(s->v[i].exact);
	}
	free(s->v);
	memset(s, 0, sizeof(*s));
}
