// SPDX-License-Identifier: GPL-2.0
/* What refcost unload says at its end. */
#include <string.h>

#include "base/refcost.h"
#include "measure/unload/parts.h"
#include "model/model.h"
#include "stats/hist.h"

/* What should not be, or should be known, where there is any. */
static void print_validity(const struct unloads *u)
{
	struct trace_counts n = { 0 };

	if (u->trace) {
		trace_counts(u->trace, &n);
		printf("%zu unloads, %zu records, %zu sums wrong; entries %lu, exits %lu, dropped %lu, "
		       "lost %lu, missed %lu",
		       u->unloaded, u->records, u->bad_sums, (unsigned long)n.entries,
		       (unsigned long)n.exits, (unsigned long)n.dropped, (unsigned long)n.lost,
		       (unsigned long)n.missed);
	} else {
		printf("not traced");
	}
	if (u->starved)
		printf("; %zu starved", u->starved);
	if (u->bystander_failed)
		printf("; %lu lookups of bystanders failed", u->bystander_failed);
	putchar('\n');
}

static void print_histograms(const struct model *m)
{
	size_t i, k;

	for (i = 0; i < m->nr_arms; i++) {
		const struct arm *a = &m->arms[i];
		char hold[32];
		static struct hist h;

		memset(&h, 0, sizeof(h));
		for (k = 0; k < a->success_ms.n; k++)
			hist_add(&h, a->success_ms.v[k] * 1e3);
		printf("\n%s, %s, hold %s, time to success:\n", a->key.scheme,
		       arm_names[a->key.arm], ns_text(a->key.hold_ns, hold, sizeof(hold)));
		hist_print(&h, stdout, "us", false);
	}
}

int unload_finish(struct unloads *u, int err)
{
	struct model m;

	unload_trace_account(u);
	results_add(u->section, "starved", u->starved);
	results_add(u->section, "bystander_failed", u->bystander_failed);
	json_object_object_add(u->section, "status",
			       json_object_new_string(err ? "partial" : "complete"));
	if (results_save(&u->results))
		return EXIT_FAILED;
	rounds_interrupted(&u->rounds, &u->results);
	if (!model_read(&m, u->results.dir)) {
		model_print_unload(&m, stdout);
		if (u->opts.histogram)
			print_histograms(&m);
		model_free(&m);
	}
	print_validity(u);
	if (!err && u->opts.strict && !unload_trace_sound(u))
		return fail(EXIT_UNRELIABLE, "the trace is not sound: unreliable");
	if (!err && u->opts.strict && u->bystander_failed)
		return fail(EXIT_UNRELIABLE, "lookups of an object that stays failed: unreliable");
	return err;
}
