// SPDX-License-Identifier: GPL-2.0
/*
 * A variant of percpu_live: locked adds in the padded slot of this CPU. Nobody else touches the
 * line, so what it costs more than percpu_array is the locked instruction alone.
 *
 * Promise: as percpu_live.
 *
 * Ordering: see liveref.h.
 */
#include <linux/atomic.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include "liveref.h"

struct percpu_atomic_slot {
	atomic_long_t count;
} ____cacheline_aligned;

static __always_inline atomic_long_t *percpu_atomic_slot(struct live_owner *live, int cpu)
{
	return &((struct percpu_atomic_slot *)live->slot)[cpu].count;
}

static __always_inline void percpu_atomic_count(struct live_owner *live)
{
	atomic_long_inc(percpu_atomic_slot(live, smp_processor_id()));
}

static __always_inline bool get_percpu_atomic(struct refcost_object *obj, struct refcost_worker *w)
{
	return live_get(obj, percpu_atomic_count);
}

/* Atomic: if the task moves on between choosing the slot and counting, nothing is lost. */
static __always_inline void put_percpu_atomic(struct refcost_object *obj, struct refcost_worker *w)
{
	atomic_long_dec(percpu_atomic_slot(live_owner(obj->owner), raw_smp_processor_id()));
}

static __always_inline struct refcost_object *find_get_percpu_atomic(u32 id,
								     struct refcost_worker *w)
{
	return live_find_get(id, w, percpu_atomic_count);
}

static __always_inline void find_put_percpu_atomic(struct refcost_object *obj,
						   struct refcost_worker *w)
{
	put_percpu_atomic(obj, w);
}

REFCOST_LOOP_GETPUT(percpu_atomic)
REFCOST_LOOP_LOOKUP(percpu_atomic)

static s64 percpu_atomic_sum(struct refcost_owner *owner)
{
	s64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += atomic_long_read(percpu_atomic_slot(live_owner(owner), cpu));
	return sum;
}

static int percpu_atomic_bind(struct refcost_owner *owner)
{
	struct live_owner *live = live_owner(owner);

	live->state = LIVE_LIVE;
	live->sum = percpu_atomic_sum;
	live->slot = kcalloc(nr_cpu_ids, sizeof(struct percpu_atomic_slot), GFP_KERNEL);
	return live->slot ? 0 : -ENOMEM;
}

static void percpu_atomic_unbind(struct refcost_owner *owner)
{
	kfree(live_owner(owner)->slot);
}

static const void *percpu_atomic_counter(struct refcost_worker *w)
{
	return percpu_atomic_slot(live_owner(w->draws[0]->owner), w->cpu);
}

REFCOST_SCHEME(percpu_atomic, GATE, percpu, "percpu_live with locked adds in a padded array",
	       "variant", "gate fails, EWOULDBLOCK, all CPUs stopped meanwhile",
	       REFCOST_SCHEME_LOOPS(percpu_atomic), .bind = percpu_atomic_bind,
	       .unbind = percpu_atomic_unbind, .balance = percpu_atomic_sum,
	       .counter = percpu_atomic_counter, LIVE_MEMBERS);
