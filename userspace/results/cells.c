// SPDX-License-Identifier: GPL-2.0
#include "results/cells.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/refcost.h"

uint64_t cells_number(const struct row *r)
{
	return row_num(r, csv_col(r->csv, "block") < 0 ? "cycle" : "block");
}

static size_t rows_wanted(const struct cell_key *key, int dims)
{
	return dims & KEY_CPUS ? key->cpus : 1;
}

static bool is_of(const struct cell_rows *c, const struct row *r)
{
	struct cell_key key;

	return !key_read(&key, r) && cells_number(r) == c->number &&
	       !key_cmp(&key, &c->key, KEY_ALL);
}

/* The cell that begins at a row, with those of the rows after it that are of it, too. */
static int take_cell(struct cell_rows *c, int dims, const struct row *first)
{
	struct row next = { first->csv, first->i + 1 };

	*c = (struct cell_rows){ .number = cells_number(first), .first = *first, .n = 1 };
	if (key_read(&c->key, first))
		return -EINVAL;
	for (; c->n < rows_wanted(&c->key, dims) && next.i < next.csv->rows && is_of(c, &next);
	     next.i++)
		c->n++;
	return 0;
}

int cells_read(const char *dir, const char *name, int dims,
	       int (*add)(void *arg, const struct cell_rows *c), void *arg)
{
	struct csv csv;
	struct row at = { .csv = &csv };
	struct cell_rows c;
	size_t wanted = 0;
	int err;

	err = rows_load(dir, name, &csv);
	if (err)
		return err;
	for (; !err && at.i < csv.rows; at.i += c.n) {
		err = take_cell(&c, dims, &at);
		if (err)
			break;
		wanted = rows_wanted(&c.key, dims);
		if (c.n == wanted)
			err = add(arg, &c);
		else if (at.i + c.n < csv.rows)
			break;
	}
	if (err)
		err = fail(EXIT_FAILED, "cannot read %s/%s: %s", dir, name, strerror(-err));
	else if (at.i < csv.rows)
		err = fail(EXIT_FAILED, "%s/%s, line %zu: its cell has %zu of %zu rows: " MEND, dir,
			   name, at.i + 2, c.n, wanted);
	csv_free(&csv);
	return err;
}
