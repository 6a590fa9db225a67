// SPDX-License-Identifier: GPL-2.0
/* The cells that the sweep of holds is made of. */
#include <math.h>

#include "report/md.h"

bool md_swept(const struct model *m, const char *scheme, int cpus)
{
	double least = model_longer_hold(m, REFCOST_GETPUT, -1);
	double next = model_longer_hold(m, REFCOST_GETPUT, least);

	return !isnan(next) && model_held(m, scheme, REFCOST_GETPUT, cpus, next);
}

size_t md_swept_schemes(const struct model *m, int cpus)
{
	size_t i, n = 0;

	for (i = 0; i < m->nr_schemes; i++)
		n += !m->schemes[i].floor && md_swept(m, m->schemes[i].name, cpus);
	return n;
}

const struct cell *md_swept_cell(const struct model *m, const struct scheme *s, int cpus,
				 double hold)
{
	return md_swept(m, s->name, cpus) ? model_held(m, s->name, REFCOST_GETPUT, cpus, hold)
					  : NULL;
}

const struct cell *md_cheapest(const struct model *m, int cpus, double hold)
{
	const struct cell *best = NULL;
	size_t i;

	for (i = 0; i < m->nr_schemes; i++) {
		const struct cell *c = md_swept_cell(m, &m->schemes[i], cpus, hold);

		if (c && !c->floor && (!best || c->ns.s.median < best->ns.s.median))
			best = c;
	}
	return best;
}
