// SPDX-License-Identifier: GPL-2.0
/* What refcost init says at its end. */
#include "base/refcost.h"
#include "measure/init/parts.h"
#include "model/model.h"

int load_finish(struct loads *l, int err)
{
	struct model m;

	results_add(l->section, "starved", l->starved);
	results_add(l->section, "refused_in_two_phases", l->early);
	json_object_object_add(l->section, "status",
			       json_object_new_string(err ? "partial" : "complete"));
	if (results_save(&l->results))
		return EXIT_FAILED;
	rounds_interrupted(&l->rounds, &l->results);
	if (!model_read(&m, l->results.dir)) {
		model_print_loading(&m, stdout);
		model_free(&m);
	}
	if (l->early)
		printf("%zu lookups refused in two phases, where none can be\n", l->early);
	if (!err && l->opts.strict && l->early)
		return fail(EXIT_UNRELIABLE,
			    "objects were listed before they were live: unreliable");
	return err;
}
