/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Small CSV tables: a header line, then one line a row, in the style of RFC 4180, except that no
 * field may hold a line break. A row is therefore whole exactly when its line ends with a newline,
 * which is how a row torn off by a crash is known and dropped.
 *
 * Numbers are written and read in the C locale: do not set LC_NUMERIC.
 */
#ifndef REFCOST_BASE_CSV_H
#define REFCOST_BASE_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Room for any number from csv_double(). */
#define CSV_NUM_LEN 32

/**
 * csv_open_append - open a table to add rows, making it where there is none
 * @path:   regular file; its directory exists
 * @header: column names with commas between, without a newline
 *
 * A file that is there must begin with @header; a last line without newline is cut off. A file
 * with another header is left as it is.
 *
 * Return: a stream to be closed with fclose(); NULL with errno set: EINVAL where @header is not one
 * line or the file is not a table with this header, or as open(2) and write(2).
 */
FILE *csv_open_append(const char *path, const char *header);

/**
 * csv_write - add one row and hand it to the kernel, so that a killed program loses nothing
 * @f:      from csv_open_append()
 * @fields: as many as the header has columns; quoted where need be
 * @n:      how many, 1 or more
 *
 * Return: 0; -EINVAL, and nothing written, where a field holds a line break or there is none; else
 * as write(2), for instance -ENOSPC.
 */
int csv_write(FILE *f, const char *const *fields, size_t n);

/**
 * csv_double - the shortest text that reads back as the same number
 * @buf:   CSV_NUM_LEN bytes
 * @value: NAN gives "", the empty field
 *
 * Return: @buf.
 */
const char *csv_double(char *buf, double value);

/**
 * struct csv - a table in memory
 * @rows:  rows, without the header
 * @cols:  columns
 * @torn:  a last line without newline was dropped
 * @line:  after -EINVAL: the line at fault, from 1; 0 where it is the file as a whole
 * @text:  owns the fields
 * @cells: pointers into @text, header first, row by row
 */
struct csv {
	size_t rows, cols;
	bool torn;
	size_t line;
	char *text;
	char **cells;
};

/**
 * csv_read - read a whole table
 * @path: file
 * @csv:  filled in; to be given to csv_free(), which also does no harm after a failure
 *
 * Return: 0; -ENODATA where there is not even a header; -EINVAL where a row has more or fewer
 * fields than the header, a quote does not close, a column comes twice or the file is not text;
 * -ENOMEM; else as open(2) and read(2).
 */
int csv_read(const char *path, struct csv *csv);

/**
 * csv_free - give the memory back
 * @csv: from csv_read()
 */
void csv_free(struct csv *csv);

/**
 * csv_col - find a column by name
 * @csv:  table
 * @name: as in the header
 *
 * Return: its index from 0; -ENOENT where there is none.
 */
int csv_col(const struct csv *csv, const char *name);

/**
 * csv_get - one field as text
 * @csv: table
 * @row: from 0
 * @col: from csv_col(), errors included
 *
 * Return: the text, "" where empty, owned by @csv; NULL where there is no such row or column.
 */
const char *csv_get(const struct csv *csv, size_t row, int col);

/**
 * csv_num - one field as a number
 * @csv: table
 * @row: from 0
 * @col: from csv_col(), errors included
 *
 * Integers above 2^53 lose digits: read those with csv_get() and parse_u64().
 *
 * Return: the number; NAN where there is no such field, it is empty, or it is not a number.
 */
double csv_num(const struct csv *csv, size_t row, int col);

#endif
