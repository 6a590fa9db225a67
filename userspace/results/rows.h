/* SPDX-License-Identifier: GPL-2.0 */
/* Reading the CSV files of a results directory, rows by column name. */
#ifndef REFCOST_RESULTS_ROWS_H
#define REFCOST_RESULTS_ROWS_H

#include <stddef.h>

#include "base/csv.h"

/**
 * struct row - one row of a file
 * @csv: the file
 * @i: the row, from 0
 */
struct row {
	const struct csv *csv;
	size_t i;
};

/**
 * rows_load() - read a file of a results directory, which has to be what the schema says
 * @dir: results directory
 * @name: of the file in it; one that is not there has no rows
 * @csv: filled in; to be given to csv_free(), which also does no harm after a failure
 *
 * Return: EXIT_FINE, or EXIT_FAILED after a line that names the file and the line at fault.
 */
int rows_load(const char *dir, const char *name, struct csv *csv);

/**
 * struct rows_of - what is done with the rows of a file
 * @name: of the file; one that is not there has no rows
 * @add: called with each row; returns 0 or -errno, which ends the reading
 * @arg: its first argument
 */
struct rows_of {
	const char *name;
	int (*add)(void *arg, const struct row *r);
	void *arg;
};

/**
 * rows_read() - hand every row of a file to a function
 * @dir: results directory
 * @name: of the file in it; one that is not there has no rows
 * @add: returns 0 or -errno, which ends the reading
 * @arg: its first argument
 *
 * Return: EXIT_FINE, or EXIT_FAILED after a line.
 */
int rows_read(const char *dir, const char *name, int (*add)(void *arg, const struct row *r),
	      void *arg);

/**
 * rows_read_all() - the same for several files, up to the first that fails
 * @dir: results directory
 * @files: which, and what is done with their rows
 * @n: how many
 *
 * Return: as rows_read().
 */
int rows_read_all(const char *dir, const struct rows_of *files, size_t n);

/**
 * row_text() - a field
 * @r: the row
 * @name: of the column
 *
 * Return: its text; "" where there is no such column.
 */
const char *row_text(const struct row *r, const char *name);

/**
 * row_num() - a field as a number
 * @r: the row
 * @name: of the column
 *
 * Return: the number; NAN where there is none.
 */
double row_num(const struct row *r, const char *name);

/**
 * row_num_or_0() - a field that counts for nothing where it is not there
 * @r: the row
 * @name: of the column
 *
 * Return: the number, or 0.
 */
double row_num_or_0(const struct row *r, const char *name);

#endif
