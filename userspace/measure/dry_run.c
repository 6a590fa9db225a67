// SPDX-License-Identifier: GPL-2.0
#include "measure/dry_run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/progress.h"
#include "base/refcost.h"
#include "machine/env.h"

/*
 * By experience: the second with guests of four vCPUs that QEMU emulated on two CPUs; the first is
 * for what is not emulated. Grace periods, which are locked to ticks, make up most of an unload
 * wherever it is. Where QEMU counts instructions a count is some three million of them, at the
 * emulator's pace.
 */
static const struct pace paces[] = {
	{ .start = 100,
	  .cell = 1,
	  .block = 100,
	  .attach = 700,
	  .idle = 60,
	  .loaded = 70,
	  .load = 80 },
	{ .start = 600,
	  .cell = 10,
	  .counts = 9,
	  .block = 250,
	  .attach = 3000,
	  .idle = 80,
	  .loaded = 130,
	  .load = 300 },
};

const struct pace *dry_run_pace(void)
{
	return &paces[!strcmp(env_machine_kind(), "emulated")];
}

int dry_run_look(const char *dir, const char *part, struct json_object *plan, const char *file,
		 int dims, struct done *done)
{
	struct json_object *section, *old;
	char path[PATH_MAX + 16];
	struct results r;
	int err;

	*done = (struct done){ 0 };
	snprintf(path, sizeof(path), "%s/run.json", dir ?: "");
	if (!dir || (access(path, F_OK) && errno == ENOENT)) {
		json_object_put(plan);
		return EXIT_FINE;
	}
	err = results_load(&r, dir);
	if (!err && json_object_object_get_ex(r.doc, part, &section) &&
	    json_object_object_get_ex(section, "plan", &old))
		err = resume_same_plan(dir, part, old, plan);
	json_object_put(plan);
	if (!err)
		err = resume_done(dir, file, dims, done);
	results_close(&r);
	return err;
}

void dry_run_cell(struct dry_run *d, const char *name, uint64_t times, uint64_t done, double ms,
		  double most_ms)
{
	if (!d->cells++)
		printf("%-50s %7s %7s %9s\n", "cell, in the order of the first block", "times",
		       "done", "each ms");
	printf("%-50s %7lu %7lu %9.0f\n", name, times, done, ms);
	d->total += times;
	d->done += done;
	d->ms += (times - done) * ms;
	d->most_ms += (times - done) * most_ms;
}

void dry_run_beside(struct dry_run *d, double ms)
{
	d->ms += ms;
	d->most_ms += ms;
}

void dry_run_end(struct dry_run *d)
{
	char about[48], most[48];

	dry_run_beside(d, dry_run_pace()->start);
	printf("estimated for this machine (%s): %s\n", env_machine_kind(), d->assumed);
	printf("seed %lu: %zu cells, %lu %s", d->seed, d->cells, d->total, d->what);
	if (d->done)
		printf(", %lu of them done", d->done);
	printf("; takes about %s", duration_text(d->ms * NSEC_PER_MSEC, about, sizeof(about)));
	duration_text(d->most_ms * NSEC_PER_MSEC, most, sizeof(most));
	if (d->most_ms > d->ms && strcmp(about, most))
		printf(", and up to %s if %s", most, d->worst);
	puts("");
}
