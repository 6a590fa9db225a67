// SPDX-License-Identifier: GPL-2.0
/*
 * Roman Zippel's proposal of March 2003, never merged: per-CPU counts whose unload needs no
 * stop_machine(). A get counts first, then looks at the state; only when an unload is being tried
 * does it take a lock, to learn how that ended.
 *
 * Promise: an unload that finds users fails (EWOULDBLOCK); nobody but gets that come in the middle
 * of the check waits for it.
 *
 * Ordering: a get writes its CPU's count, executes a full barrier, and reads the state; the check
 * writes the state, executes a full barrier, and reads the counts. So one of them sees the other:
 * either the check counts the user in, or the get sees GOING and goes for the lock that the check
 * holds. A put stores its count with release, and the check reads it with acquire, so the use is
 * over when the put is seen. A get that backs off waits for the check's lock first, so no sum holds
 * its way back without its count. Without that lock puts would have to be summed before gets, as
 * live_pair_sum() does anyway.
 */
#include "lists.h"
#include "liveref.h"

static DEFINE_SPINLOCK(speculative_lock);

/* An unload is being tried, or has succeeded: which? */
static noinline bool speculative_get_slow(struct live_owner *live)
{
	bool got;

	spin_lock(&speculative_lock);
	got = live->state == LIVE_LIVE;
	spin_unlock(&speculative_lock);
	if (!got)
		this_cpu_inc(live->pair->decs);
	return got;
}

static __always_inline bool get_speculative_get(struct refcost_object *obj,
						struct refcost_worker *w)
{
	struct live_owner *live = live_owner(obj->owner);

	this_cpu_inc(live->pair->incs);
	smp_mb(); /* see above: pairs with that in the gate */
	if (likely(READ_ONCE(live->state) == LIVE_LIVE))
		return true;
	return speculative_get_slow(live);
}

static __always_inline void put_speculative_get(struct refcost_object *obj,
						struct refcost_worker *w)
{
	unsigned long *decs;

	preempt_disable();
	decs = &this_cpu_ptr(live_owner(obj->owner)->pair)->decs;
	smp_store_release(decs, *decs + 1);
	preempt_enable();
}

static __always_inline struct refcost_object *find_get_speculative_get(u32 id,
								       struct refcost_worker *w)
{
	struct refcost_object *obj;

	read_lock(&refcost_registry.rwlock);
	obj = refcost_find(id);
	if (obj && !get_speculative_get(obj, w)) {
		w->refused++;
		obj = NULL;
	}
	read_unlock(&refcost_registry.rwlock);
	return obj;
}

static __always_inline void find_put_speculative_get(struct refcost_object *obj,
						     struct refcost_worker *w)
{
	put_speculative_get(obj, w);
}

REFCOST_LOOP_GETPUT(speculative_get)
REFCOST_LOOP_LOOKUP(speculative_get)

static int speculative_get_gate(struct refcost_owner *owner)
{
	struct live_owner *live = live_owner(owner);
	int err = 0;

	spin_lock(&speculative_lock);
	WRITE_ONCE(live->state, LIVE_GOING);
	smp_mb(); /* see above: pairs with that in the get */
	if (live_pair_sum(owner)) {
		WRITE_ONCE(live->state, LIVE_LIVE);
		err = -EWOULDBLOCK;
	}
	spin_unlock(&speculative_lock);
	if (!err)
		rwlist_unlink(owner);
	return err;
}

static void speculative_get_ungate(struct refcost_owner *owner)
{
	rwlist_link(owner);
	WRITE_ONCE(live_owner(owner)->state, LIVE_LIVE);
}

REFCOST_SCHEME(speculative_get, GATE, percpu, "per-CPU gets and puts, a barrier, no stop_machine",
	       "Roman Zippel, Mar 2003, never merged",
	       "gate fails, EWOULDBLOCK; gets meanwhile wait for its check",
	       REFCOST_SCHEME_LOOPS(speculative_get), .bind = live_pair_bind,
	       .unbind = live_pair_unbind, .balance = live_pair_sum, .counter = live_pair_counter,
	       .gate = speculative_get_gate, .ungate = speculative_get_ungate,
	       .unlink = rwlist_unlink, .set_live = live_set_live);
