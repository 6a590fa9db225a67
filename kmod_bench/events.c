// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel counts of a worker inside its window: events of the PMU, and its own in software.
 *
 * An event belongs to the worker's task, and stops when another task has the CPU; interrupts are in
 * it. The worker turns its events on and off itself, just outside of its first and last reading of
 * the clock.
 */
#include <linux/perf_event.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "core.h"

/**
 * struct refcost_worker_event - one event of one worker
 * @event: NULL where the kernel refuses to count it
 * @count: what crosses to user space at the end
 */
struct refcost_worker_event {
	struct perf_event *event;
	struct refcost_event_count count;
};

/* Types that need nothing but a number. */
static bool event_is_plain(const struct refcost_event *e)
{
	return e->type == PERF_TYPE_HARDWARE || e->type == PERF_TYPE_SOFTWARE ||
	       e->type == PERF_TYPE_HW_CACHE || e->type == PERF_TYPE_RAW;
}

static void event_release(struct refcost_session *s, u32 k)
{
	u32 i;

	for (i = 0; i < s->nr_workers; i++) {
		struct refcost_worker_event *e = &s->workers[i]->events[k];

		if (e->event)
			perf_event_release_kernel(e->event);
		e->event = NULL;
	}
}

/* Of all workers or of none: a sum over some of them would look like one over all. */
static void event_create(struct refcost_session *s, u32 k)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = s->events[k].type,
		.config = s->events[k].config,
		.disabled = 1,
	};
	u32 i;

	for (i = 0; i < s->nr_workers; i++) {
		struct perf_event *event = perf_event_create_kernel_counter(
			&attr, -1, s->workers[i]->task, NULL, NULL);

		if (IS_ERR(event)) {
			s->events[k].error = -PTR_ERR(event);
			event_release(s, k);
			return;
		}
		s->workers[i]->events[k].event = event;
	}
}

/**
 * refcost_events_create() - have the events of a run counted, as soon as the workers enable them
 * @s: the session, whose workers have not run yet
 *
 * An event that the kernel refuses has its errno in @s->events, and the run goes on without it. Not
 * under cpus_read_lock(), which perf takes.
 *
 * Return: 0, -EFAULT, -EINVAL or -ENOMEM.
 */
int refcost_events_create(struct refcost_session *s)
{
	const struct refcost_run *run = &s->run;
	u32 i, k;

	if (!run->nr_events)
		return 0;
	s->events = memdup_user(u64_to_user_ptr(run->events), run->nr_events * sizeof(*s->events));
	if (IS_ERR(s->events)) {
		int err = PTR_ERR(s->events);

		s->events = NULL;
		return err;
	}
	for (k = 0; k < run->nr_events; k++) {
		if (!event_is_plain(&s->events[k]))
			return -EINVAL;
		s->events[k].error = 0;
	}
	for (i = 0; i < s->nr_workers; i++) {
		struct refcost_worker *w = s->workers[i];

		w->events = kcalloc(run->nr_events, sizeof(*w->events), GFP_KERNEL);
		if (!w->events)
			return -ENOMEM;
	}
	s->nr_events = run->nr_events;
	for (k = 0; k < s->nr_events; k++)
		event_create(s, k);
	return 0;
}

/**
 * refcost_events_enable() - the window opens
 * @w: the calling worker
 */
void refcost_events_enable(struct refcost_worker *w)
{
	u32 k;

	for (k = 0; k < w->session->nr_events; k++)
		if (w->events[k].event)
			perf_event_enable(w->events[k].event);
}

/**
 * refcost_events_disable() - it is over: stop counting, and note the counts
 * @w: the calling worker
 *
 * In the order of refcost_events_enable(), so that each event holds as much of the turning of the
 * others.
 */
void refcost_events_disable(struct refcost_worker *w)
{
	u32 k;

	for (k = 0; k < w->session->nr_events; k++)
		if (w->events[k].event)
			perf_event_disable(w->events[k].event);
	for (k = 0; k < w->session->nr_events; k++) {
		struct refcost_worker_event *e = &w->events[k];

		if (e->event)
			e->count.count = perf_event_read_value(e->event, &e->count.enabled_ns,
							       &e->count.running_ns);
	}
}

/**
 * refcost_events_copy() - hand refusals and counts out
 * @s: the session, whose workers are out
 *
 * Return: 0 or -EFAULT.
 */
int refcost_events_copy(const struct refcost_session *s)
{
	struct refcost_event_count __user *to = u64_to_user_ptr(s->run.counts);
	u32 i, k;

	if (copy_to_user(u64_to_user_ptr(s->run.events), s->events,
			 s->nr_events * sizeof(*s->events)))
		return -EFAULT;
	for (i = 0; i < s->nr_workers; i++)
		for (k = 0; k < s->nr_events; k++)
			if (copy_to_user(to++, &s->workers[i]->events[k].count, sizeof(*to)))
				return -EFAULT;
	return 0;
}

/**
 * refcost_events_free() - count no more
 * @s: the session, whose workers are out or never ran
 */
void refcost_events_free(struct refcost_session *s)
{
	u32 i, k;

	for (k = 0; k < s->nr_events; k++)
		event_release(s, k);
	for (i = 0; i < s->nr_workers; i++)
		kfree(s->workers[i]->events);
	kfree(s->events);
}
