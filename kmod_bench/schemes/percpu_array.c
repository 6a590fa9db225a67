// SPDX-License-Identifier: GPL-2.0
/*
 * A variant of percpu_live: a plain count in a slot of this CPU, in an array of cache lines that
 * the module holds, as before the kernel could allocate per-CPU variables at run time. The slot's
 * address takes the CPU's number, which takes preemption off on both sides.
 *
 * Promise: as percpu_live. Slots go negative where a put falls on another CPU than its get; with
 * every CPU stopped, the sum is right all the same.
 *
 * Ordering: see liveref.h.
 */
#include <linux/slab.h>
#include <linux/smp.h>

#include "liveref.h"

struct percpu_array_slot {
	long count;
} ____cacheline_aligned;

static __always_inline long *percpu_array_slot(struct live_owner *live, int cpu)
{
	return &((struct percpu_array_slot *)live->slot)[cpu].count;
}

static __always_inline void percpu_array_count(struct live_owner *live)
{
	long *count = percpu_array_slot(live, smp_processor_id());

	WRITE_ONCE(*count, *count + 1);
}

static __always_inline bool get_percpu_array(struct refcost_object *obj, struct refcost_worker *w)
{
	return live_get(obj, percpu_array_count);
}

static __always_inline void put_percpu_array(struct refcost_object *obj, struct refcost_worker *w)
{
	long *count;

	preempt_disable();
	count = percpu_array_slot(live_owner(obj->owner), smp_processor_id());
	WRITE_ONCE(*count, *count - 1);
	preempt_enable();
}

static __always_inline struct refcost_object *find_get_percpu_array(u32 id,
								    struct refcost_worker *w)
{
	return live_find_get(id, w, percpu_array_count);
}

static __always_inline void find_put_percpu_array(struct refcost_object *obj,
						  struct refcost_worker *w)
{
	put_percpu_array(obj, w);
}

REFCOST_LOOP_GETPUT(percpu_array)
REFCOST_LOOP_LOOKUP(percpu_array)

static s64 percpu_array_sum(struct refcost_owner *owner)
{
	s64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(*percpu_array_slot(live_owner(owner), cpu));
	return sum;
}

static int percpu_array_bind(struct refcost_owner *owner)
{
	struct live_owner *live = live_owner(owner);

	live->state = LIVE_LIVE;
	live->sum = percpu_array_sum;
	live->slot = kcalloc(nr_cpu_ids, sizeof(struct percpu_array_slot), GFP_KERNEL);
	return live->slot ? 0 : -ENOMEM;
}

static void percpu_array_unbind(struct refcost_owner *owner)
{
	kfree(live_owner(owner)->slot);
}

static const void *percpu_array_counter(struct refcost_worker *w)
{
	return percpu_array_slot(live_owner(w->draws[0]->owner), w->cpu);
}

REFCOST_SCHEME(percpu_array, GATE, percpu, "percpu_live with plain adds in a padded array",
	       "variant", "gate fails, EWOULDBLOCK, all CPUs stopped meanwhile",
	       REFCOST_SCHEME_LOOPS(percpu_array), .bind = percpu_array_bind,
	       .unbind = percpu_array_unbind, .balance = percpu_array_sum,
	       .counter = percpu_array_counter, LIVE_MEMBERS);
