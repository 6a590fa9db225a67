// SPDX-License-Identifier: GPL-2.0
/* What refcost run says at its end. */
#include "measure/run/parts.h"

#include <string.h>

#include "base/refcost.h"
#include "model/model.h"
#include "model/sample.h"
#include "results/key.h"

static size_t flagged_windows(const struct model *m)
{
	size_t i, n = 0;

	for (i = 0; i < model_all_cells(m); i++)
		n += m->cells[i].flagged;
	return n;
}

int finish(struct run *r, int err)
{
	uint64_t inside = results_add(r->section, "inside_windows_ns", r->inside_ns);
	uint64_t measuring = results_add(r->section, "measuring_ns", r->measuring_ns);
	bool part = !err && r->plan.rounds.finished < r->plan.rounds.total;
	size_t flagged = 0;
	struct model m;

	json_object_object_add(r->section, "status",
			       json_object_new_string(err || part ? "partial" : "complete"));
	json_object_object_add(r->section, "unit",
			       json_object_new_string(env.instructions ? "instructions" : "ns"));
	if (results_save(&r->results))
		return EXIT_FAILED;
	rounds_interrupted(&r->plan.rounds, &r->results);
	if (part)
		say("stopped after %zu of %zu cells; kept, marked partial; the same command goes on in %s",
		    r->plan.rounds.finished, r->plan.rounds.total, r->results.dir);
	if (r->plan.rounds.finished && !env.instructions && !model_read(&m, r->results.dir)) {
		model_print_run(&m, stdout);
		model_print_counters(&m, stdout);
		flagged = flagged_windows(&m);
		model_free(&m);
		printf("seed %lu; %.0f %% of %.1f s inside windows or warm-up\n", env.seed,
		       measuring ? 100.0 * inside / measuring : 0, measuring / 1e9);
	}
	if (!err && env.strict && flagged)
		return fail(EXIT_UNRELIABLE, "%zu samples overlapped less than %.1f: unreliable",
			    flagged, OVERLAP_MIN);
	return err;
}

/* The last block of instructions.csv is as good as any: they agree to the digit or that is said. */
int print_instructions(const struct results *r)
{
	struct cell_key key, other;
	struct csv t;
	size_t i, k;

	if (rows_load(r->dir, "instructions.csv", &t))
		return EXIT_FAILED;
	printf("%-20s %-7s %s\n", "scheme", "mode", "instructions per get+put");
	for (i = 0; i < t.rows; i++) {
		struct row row = { &t, i };
		const char *instructions = row_text(&row, "instructions");
		bool differs = false;

		if (row_num(&row, "block") != 0 || key_read(&key, &row))
			continue;
		for (k = i + 1; k < t.rows; k++) {
			struct row later = { &t, k };

			differs |= !key_read(&other, &later) &&
				   !key_cmp(&key, &other, KEY_OF_COUNTS) &&
				   strcmp(row_text(&later, "instructions"), instructions);
		}
		printf("%-20s %-7s %8s%s\n", key.scheme, mode_names[key.mode], instructions,
		       differs ? "  differs between blocks" : "");
	}
	csv_free(&t);
	return EXIT_FINE;
}
