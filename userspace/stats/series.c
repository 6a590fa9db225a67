// SPDX-License-Identifier: GPL-2.0
#include "stats/series.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

void series_add(struct series *s, double value)
{
	double *v;

	if (isnan(value) || s->failed)
		return;
	/* doubled at each power of two */
	if (!(s->n & (s->n - 1))) {
		v = reallocarray(s->v, s->n ? s->n * 2 : 1, sizeof(*v));
		if (!v) {
			s->failed = true;
			return;
		}
		s->v = v;
	}
	s->v[s->n++] = value;
}

int series_summarise(struct series *s)
{
	return s->failed ? -ENOMEM : stats_summarise(s->v, s->n, &s->s);
}

int series_summarise_all(struct series *const *all, size_t n)
{
	int err = 0;
	size_t i;

	for (i = 0; i < n && !err; i++)
		err = series_summarise(all[i]);
	return err;
}
