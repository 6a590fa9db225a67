// SPDX-License-Identifier: GPL-2.0
#include "measure/order.h"

#include <gsl/gsl_randist.h>

gsl_rng *order_begin(uint64_t seed)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);

	gsl_rng_set(rng, seed);
	return rng;
}

void order_draw(gsl_rng *rng, size_t *order, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		order[i] = i;
	if (rng)
		gsl_ran_shuffle(rng, order, n, sizeof(*order));
}
