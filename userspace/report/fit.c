// SPDX-License-Identifier: GPL-2.0
/* The scalability law of a scheme, fitted to what was measured. */
#include <string.h>

#include "base/refcost.h"
#include "report/md.h"

bool md_usl_of(const struct model *m, const char *scheme, struct usl *fit)
{
	double *mops AUTO_FREE = array_new(m->nr_cells, sizeof(*mops));
	double *n AUTO_FREE = array_new(m->nr_cells, sizeof(*n));
	size_t points = 0;
	int cpus;

	for (cpus = 0; (cpus = model_next_cpus(m, REFCOST_GETPUT, cpus));) {
		const struct cell *c = model_cell(m, scheme, REFCOST_GETPUT, cpus);

		/* where workers share CPUs, what more of them do is the host's doing */
		if (!c || c->oversubscribed || !c->mops.n)
			continue;
		n[points] = cpus;
		mops[points++] = c->mops.s.median;
	}
	return !usl_fit(n, mops, points, fit) && fit->verdict == USL_FITS;
}

int md_usl_last(const struct model *m)
{
	int last = 0;
	size_t i;

	for (i = 0; i < m->nr_cells; i++)
		if (m->cells[i].key.mode == REFCOST_GETPUT && !m->cells[i].oversubscribed &&
		    m->cells[i].key.cpus > last)
			last = m->cells[i].key.cpus;
	return last;
}
