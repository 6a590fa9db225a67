// SPDX-License-Identifier: GPL-2.0
#include "stats/series.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

int series_add(struct series *s, double value)
{
	double *v;

	if (isnan(value))
		return 0;
	/* doubled at each power of two */
	if (!(s->n & (s->n - 1))) {
		v = reallocarray(s->v, s->n ? s->n * 2 : 1, sizeof(*v));
		if (!v)
			return -ENOMEM;
		s->v = v;
	}
	s->v[s->n++] = value;
	return 0;
}

int series_summarise(struct series *s)
{
	return stats_summarise(s->v, s->n, &s->s);
}
