// SPDX-License-Identifier: GPL-2.0
/* What refcost objects says at its end. */
#include "base/refcost.h"
#include "measure/objects/parts.h"
#include "model/model.h"

int objects_finish(struct objects *o, int err)
{
	struct model m;

	json_object_object_add(o->section, "status",
			       json_object_new_string(err ? "partial" : "complete"));
	if (results_save(&o->results))
		return EXIT_FAILED;
	rounds_interrupted(&o->rounds, &o->results);
	if (!model_read(&m, o->results.dir)) {
		objects_print(&m.objects, stdout);
		model_free(&m);
	}
	return err;
}
