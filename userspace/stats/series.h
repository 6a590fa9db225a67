/* SPDX-License-Identifier: GPL-2.0 */
/* Numbers that belong together. */
#ifndef REFCOST_STATS_SERIES_H
#define REFCOST_STATS_SERIES_H

#include <stddef.h>

#include "stats/summary.h"

/**
 * struct series - numbers that belong together
 * @v: the values
 * @n: how many
 * @s: their summary, once series_summarise() was called
 */
struct series {
	double *v;
	size_t n;
	struct stats_summary s;
};

/**
 * series_add() - one number more
 * @s: the series
 * @value: NAN is left out
 *
 * Return: 0 or -ENOMEM.
 */
int series_add(struct series *s, double value);

/**
 * series_summarise() - fill the summary of a series that is complete
 * @s: the series
 *
 * Return: as stats_summarise().
 */
int series_summarise(struct series *s);

#endif
