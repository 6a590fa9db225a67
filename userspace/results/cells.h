/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The rows of a table, cell by cell. A measurement writes the rows of a cell one after the other
 * and then those of the next: a row for each worker where cells have CPUs, else one.
 */
#ifndef REFCOST_RESULTS_CELLS_H
#define REFCOST_RESULTS_CELLS_H

#include <stddef.h>
#include <stdint.h>

#include "results/key.h"
#include "results/rows.h"

/**
 * struct cell_rows - the rows of one cell in one block or cycle
 * @number: of the block or cycle
 * @key: the cell
 * @first: the first of its rows, which the others follow
 * @n: how many rows it has
 */
struct cell_rows {
	uint64_t number;
	struct cell_key key;
	struct row first;
	size_t n;
};

/**
 * cells_number() - the number of the block or cycle that a row is of
 * @r: the row
 */
uint64_t cells_number(const struct row *r);

/**
 * cells_read() - hand the rows of each cell to a function
 * @dir: results directory
 * @name: of the file in it; one that is not there has no rows
 * @dims: what its rows tell cells apart by
 * @add: returns 0 or -errno, which ends the reading
 * @arg: its first argument
 *
 * Whatever ended a measurement may have left a part of the last cell's rows, which are passed over.
 * Rows that are missing elsewhere are an error: somebody took them away.
 *
 * Return: EXIT_FINE, or EXIT_FAILED after a line.
 */
int cells_read(const char *dir, const char *name, int dims,
	       int (*add)(void *arg, const struct cell_rows *c), void *arg);

#endif
