// SPDX-License-Identifier: GPL-2.0
/* What the rows of figure data are made of. */
#include "report/dat.h"

#include <math.h>

bool dat_row(struct dat *d)
{
	d->any = true;
	return d->f;
}

void dat_put(FILE *f, double v)
{
	if (isnan(v))
		fputs(" ?", f);
	else
		fprintf(f, " %.6g", v);
}

/* With few samples the range is all there is. */
void dat_put_summary(FILE *f, const struct stats_summary *s)
{
	dat_put(f, s->median);
	dat_put(f, s->level > 0 ? s->lo : s->min);
	dat_put(f, s->level > 0 ? s->hi : s->max);
}

void dat_put_scheme(const struct model *m, FILE *f, const char *name)
{
	const struct scheme *s = model_scheme(m, name);

	fprintf(f, "%s \"%s\" %d %d", s->name, model_family(s->family), s->rank, s->slot);
}
