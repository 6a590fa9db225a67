/* SPDX-License-Identifier: GPL-2.0 */
/* Numbers that belong together. */
#ifndef REFCOST_STATS_SERIES_H
#define REFCOST_STATS_SERIES_H

#include <stdbool.h>
#include <stddef.h>

#include "stats/summary.h"

/**
 * struct series - numbers that belong together
 * @v: the values
 * @n: how many
 * @failed: there was no memory for another
 * @s: their summary, once series_summarise() was called
 */
struct series {
	double *v;
	size_t n;
	bool failed;
	struct stats_summary s;
};

/**
 * series_add() - one number more
 * @s: the series
 * @value: NAN is left out
 *
 * A failure is noted in @s, for the end.
 */
void series_add(struct series *s, double value);

/**
 * series_summarise() - fill the summary of a series that is complete
 * @s: the series
 *
 * Return: as stats_summarise(), or -ENOMEM if a value could not be added.
 */
int series_summarise(struct series *s);

/**
 * series_summarise_all() - the same for several, up to the first that fails
 * @all: the series
 * @n: how many
 *
 * Return: as series_summarise().
 */
int series_summarise_all(struct series *const *all, size_t n);

#endif
