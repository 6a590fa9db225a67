// SPDX-License-Identifier: GPL-2.0
/* What the kernel counts in the windows of a run: rows of counters.csv, and why there are none. */
#include "measure/run/parts.h"

#include <linux/perf_event.h>
#include <math.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/refcost.h"
#include "machine/quiet.h"
#include "model/counters.h"

#define COUNTERS_COLUMNS "event,count,ops,share"

/* After the last event of a task perf waits for a second before it patches the scheduler back. */
#define UNPATCHED_NS (3 * NSEC_PER_SEC / 2)

static int held[REFCOST_EVENTS_MAX];
static size_t nr_held;

/*
 * The first event of a kind that the kernel itself counts patches its code, and the last one
 * patches it back: one of ours keeps that out of the run.
 */
static void hold_software_events(void)
{
	size_t k;

	quiet_begin();
	for (k = 0; k < env.events.n; k++) {
		struct perf_event_attr attr = { .size = sizeof(attr),
						.type = env.events.what[k].type,
						.config = env.events.what[k].config,
						.disabled = 1 };

		if (attr.type != PERF_TYPE_SOFTWARE)
			continue;
		held[nr_held] =
			syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
		nr_held += held[nr_held] >= 0;
	}
	quiet_end();
}

static bool any_software(void)
{
	size_t k;

	for (k = 0; k < env.events.n; k++)
		if (env.events.what[k].type == PERF_TYPE_SOFTWARE)
			return true;
	return false;
}

int counters_open(struct run *r)
{
	if (!env.events.n)
		return EXIT_FINE;
	r->counters =
		results_csv(&r->results, "counters.csv", "block", KEY_OF_RUN, COUNTERS_COLUMNS);
	if (!r->counters)
		return EXIT_FAILED;
	if (any_software())
		hold_software_events();
	return EXIT_FINE;
}

void counters_close(struct run *r)
{
	if (r->counters)
		fclose(r->counters);
	if (!nr_held)
		return;
	quiet_begin();
	while (nr_held)
		close(held[--nr_held]);
	if (quiet_needed())
		usleep(UNPATCHED_NS / 1000);
	quiet_end();
}

void counters_ask(struct refcost_run *run, struct refcost_event_count *counts)
{
	run->nr_events = env.events.n;
	run->events = (uintptr_t)env.events.what;
	run->counts = (uintptr_t)counts;
}

/*
 * An event that was refused once stays so: some of its windows are lacking. Return: true if it is
 * news.
 */
static bool note(struct json_object *counted, const char *name, const struct refcost_event *event)
{
	struct json_object *before = json_object_object_get(counted, name);
	char why[128] = COUNTERS_COUNTED;

	if (before && (!event->error || strcmp(json_object_get_string(before), COUNTERS_COUNTED)))
		return false;
	if (event->error)
		event_why(event, why, sizeof(why));
	json_object_object_add(counted, name, json_object_new_string(why));
	return event->error;
}

static void note_refused(struct run *r)
{
	struct json_object *counted = json_object_object_get(r->section, "counters");
	bool news[REFCOST_EVENTS_MAX], any = false;
	const char *why;
	size_t k;

	if (!counted) {
		counted = json_object_new_object();
		json_object_object_add(r->section, "counters", counted);
	}
	for (k = 0; k < env.events.n; k++) {
		news[k] = note(counted, env.events.names[k], &env.events.what[k]);
		any |= news[k];
	}
	why = counters_refused(counted);
	if (any && why) {
		say("counters: not available: %s", why);
		return;
	}
	for (k = 0; k < env.events.n; k++)
		if (news[k])
			say("counters: %s: not available: %s", env.events.names[k],
			    json_object_get_string(
				    json_object_object_get(counted, env.events.names[k])));
}

/*
 * The sum over the workers. What shared a counter was counted for a part of the time: that is
 * scaled up, and the least share says so. Where a worker's was never counted there is no sum.
 */
static void write_count(struct run *r, uint64_t block, const struct cell_plan *c, size_t k,
			const struct refcost_worker_result *w,
			const struct refcost_event_count *counts)
{
	double sum = 0, share = 1;
	uint64_t ops = 0;
	int i;

	for (i = 0; i < c->key.cpus; i++) {
		const struct refcost_event_count *e = &counts[i * env.events.n + k];
		double part = e->enabled_ns ? (double)e->running_ns / e->enabled_ns : 0;

		share = fmin(share, part);
		sum += e->count / part;
		ops += w[i].ops;
	}
	fprintf(r->counters, "%lu,", block);
	key_write(&c->key, KEY_OF_RUN, r->counters);
	fprintf(r->counters, ",%s,", env.events.names[k]);
	if (share > 0)
		fprintf(r->counters, "%.0f", sum);
	fprintf(r->counters, ",%lu,%.4f\n", ops, share);
}

int counters_write(struct run *r, uint64_t block, const struct cell_plan *c,
		   const struct refcost_worker_result *w, const struct refcost_event_count *counts)
{
	size_t k;

	if (!r->counters)
		return EXIT_FINE;
	note_refused(r);
	for (k = 0; k < env.events.n; k++)
		if (!env.events.what[k].error)
			write_count(r, block, c, k, w, counts);
	return results_check(&r->results, r->counters);
}
