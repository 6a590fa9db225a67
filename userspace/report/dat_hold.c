// SPDX-License-Identifier: GPL-2.0
/* The sweep of holds: the figure's data. */
#include <math.h>

#include "report/dat.h"
#include "report/md.h"

/* The last of the figures' colours, black. */
#define FLOOR_SLOT 7

static void put_ratio(struct dat *d, const struct cell *c, const struct cell *best, int slot)
{
	struct stats_summary ratio;
	FILE *f = d->f;

	if (!md_ratio(&ratio, c, best) || !dat_row(d))
		return;
	fprintf(f, "%s %d %d", c->key.scheme, slot, c->key.cpus);
	dat_put(f, c->key.hold_ns / 1e3);
	dat_put_summary(f, &ratio);
	dat_put(f, c->ns.s.median);
	fprintf(f, " %d\n", c->oversubscribed);
}

void dat_hold(const struct model *m, struct dat *d)
{
	double hold;
	size_t i;
	int cpus;

	for (cpus = 0; (cpus = model_next_cpus(m, REFCOST_GETPUT, cpus));) {
		int slot = 0;

		if (md_swept_schemes(m, cpus) < 2)
			continue;
		for (i = 0; i < m->nr_schemes; i++) {
			const struct scheme *s = &m->schemes[i];

			if (!md_swept(m, s->name, cpus))
				continue;
			slot += !s->floor;
			for (hold = -1;
			     !isnan(hold = model_longer_hold(m, REFCOST_GETPUT, hold));) {
				const struct cell *c =
					model_held(m, s->name, REFCOST_GETPUT, cpus, hold);
				const struct cell *best = md_cheapest(m, cpus, hold);

				/* a floor without a hold does nothing at all */
				if (c && best && (hold > 0 || !s->floor))
					put_ratio(d, c, best, s->floor ? FLOOR_SLOT : slot);
			}
		}
	}
}
