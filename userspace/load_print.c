// SPDX-License-Identifier: GPL-2.0
/* What refcost load says at its end. */
#include <stdlib.h>
#include <string.h>

#include "cmd_load.h"
#include "refcost.h"
#include "resume.h"
#include "stats.h"

/* One line of the table: a scheme and a form. @v has room for two values a row. */
static int print_cell(const struct csv *csv, const struct load_cell *cell, double *v)
{
	int scheme = csv_col(csv, "scheme"), form = csv_col(csv, "phases");
	int window = csv_col(csv, "window_ns"), refused = csv_col(csv, "refused");
	double *windows = v, *refusals = v + csv->rows;
	struct stats_summary us, lookups;
	size_t n = 0, i;

	for (i = 0; i < csv->rows; i++) {
		if (strcmp(csv_get(csv, i, scheme), cell->scheme->name) ||
		    strcmp(csv_get(csv, i, form), load_form_names[cell->form]))
			continue;
		windows[n] = csv_num(csv, i, window) / 1e3;
		refusals[n++] = csv_num(csv, i, refused);
	}
	if (!n)
		return EXIT_FINE;
	if (stats_summarise(windows, n, &us) || stats_summarise(refusals, n, &lookups))
		return fail(EXIT_FAILED, "cannot summarise loading.csv");
	printf("%-20s %-6s %4zu %13.1f %13.1f %11.0f %11.0f %11.0f\n", cell->scheme->name,
	       load_form_names[cell->form], n, us.median, us.max, lookups.median, lookups.max,
	       lookups.mean * n);
	return EXIT_FINE;
}

/* All that the directory holds, also of runs before this one. */
static int print_table(const struct loads *l)
{
	struct csv csv;
	int err = resume_done(&l->results, "loading.csv", &csv);
	double *v = NULL;
	size_t i;

	if (!err && csv.rows) {
		v = calloc(csv.rows, 2 * sizeof(*v));
		if (!v)
			err = fail(EXIT_FAILED, "out of memory");
		printf("%-20s %-6s %4s %13s %13s %11s %11s %11s\n", "scheme", "phases", "n",
		       "window us p50", "window us max", "refused p50", "refused max",
		       "all refused");
	}
	for (i = 0; i < l->nr_cells && !err && v; i++)
		err = print_cell(&csv, &l->cells[i], v);
	free(v);
	csv_free(&csv);
	return err;
}

int load_finish(struct loads *l, int err)
{
	int printed;

	results_add(l->section, "starved", l->starved);
	results_add(l->section, "refused_in_two_phases", l->early);
	json_object_object_add(l->section, "status",
			       json_object_new_string(err ? "partial" : "complete"));
	if (results_save(&l->results))
		return EXIT_FAILED;
	if (interrupted)
		say("interrupted after %zu of %zu loads%s%s", l->finished,
		    l->nr_cells * (size_t)l->opts.cycles,
		    l->results.temporary ? ""
					 : "; kept, marked partial; the same command goes on in ",
		    l->results.temporary ? "" : l->results.dir);
	printed = print_table(l);
	if (l->early)
		printf("%zu lookups refused in two phases, where none can be\n", l->early);
	if (!err && l->opts.strict && l->early)
		return fail(EXIT_UNRELIABLE,
			    "objects were listed before they were live: unreliable");
	return err ?: printed;
}
