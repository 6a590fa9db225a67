/* SPDX-License-Identifier: GPL-2.0 */
/* The order in which a block measures its cells. */
#ifndef REFCOST_MEASURE_ORDER_H
#define REFCOST_MEASURE_ORDER_H

#include <gsl/gsl_rng.h>
#include <stddef.h>
#include <stdint.h>

/**
 * order_draw() - the order of the next block
 * @rng: drawn from; NULL: the order of the plan
 * @order: filled: numbers of the cells
 * @n: how many
 */
void order_draw(gsl_rng *rng, size_t *order, size_t n);

/**
 * order_begin() - the generator that the first block draws from
 * @seed: as it is printed
 *
 * Return: it, to be given to gsl_rng_free().
 */
gsl_rng *order_begin(uint64_t seed);

#endif
