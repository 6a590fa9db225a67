// SPDX-License-Identifier: GPL-2.0
#include "results/rows.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/refcost.h"
#include "results/schema.h"

const char *row_text(const struct row *r, const char *name)
{
	int col = csv_col(r->csv, name);

	return col < 0 ? "" : csv_get(r->csv, r->i, col);
}

double row_num(const struct row *r, const char *name)
{
	int col = csv_col(r->csv, name);

	return col < 0 ? NAN : csv_num(r->csv, r->i, col);
}

double row_num_or_0(const struct row *r, const char *name)
{
	double v = row_num(r, name);

	return isnan(v) ? 0 : v;
}

int rows_load(const char *dir, const char *name, struct csv *csv)
{
	char path[PATH_MAX + 64], why[256];
	size_t line;
	int err;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	err = csv_read(path, csv);
	if (err == -ENOENT)
		return EXIT_FINE;
	if (err == -EINVAL && csv->line)
		return fail(EXIT_FAILED, "%s, line %zu is no row of this table: " MEND, path,
			    csv->line);
	if (err == -EINVAL || err == -ENODATA)
		return fail(EXIT_FAILED, "cannot read %s: it is %s: " MEND, path,
			    err == -ENODATA ? "without a whole line" : "no table");
	if (err)
		return fail(EXIT_FAILED, "cannot read %s: %s", path, strerror(-err));
	line = schema_check(name, csv, why, sizeof(why));
	if (!line)
		return EXIT_FINE;
	csv_free(csv);
	return fail(EXIT_FAILED, "%s, line %zu: %s: " MEND, path, line, why);
}

int rows_read(const char *dir, const char *name, int (*add)(void *arg, const struct row *r),
	      void *arg)
{
	struct csv csv;
	struct row r = { .csv = &csv };
	int err;

	err = rows_load(dir, name, &csv);
	if (err)
		return err;
	for (; !err && r.i < csv.rows; r.i++)
		err = add(arg, &r);
	csv_free(&csv);
	return err ? fail(EXIT_FAILED, "cannot read %s/%s: %s", dir, name, strerror(-err))
		   : EXIT_FINE;
}

int rows_read_all(const char *dir, const struct rows_of *files, size_t n)
{
	int err = EXIT_FINE;
	size_t i;

	for (i = 0; i < n && !err; i++)
		err = rows_read(dir, files[i].name, files[i].add, files[i].arg);
	return err;
}
