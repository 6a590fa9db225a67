// SPDX-License-Identifier: GPL-2.0
/*
 * Immediate detach: Tejun Heo's active references of sysfs in 2.6.23, kernfs now. A get counts up
 * unless the object is deactivated, which a large negative bias on the count says; the last put
 * after that wakes the task that drains.
 *
 * Promise: an unload does not fail; it cuts new users off at once and waits only for calls in
 * flight.
 *
 * Ordering: see activeref.h.
 */
#include "activeref.h"
#include "lists.h"
#include "loop.h"

static __always_inline struct active_ref *active_state(struct refcost_object *obj)
{
	return refcost_object_state(obj, struct active_ref);
}

static __always_inline bool get_active_ref(struct refcost_object *obj, struct refcost_worker *w)
{
	return active_get(active_state(obj));
}

static __always_inline void put_active_ref(struct refcost_object *obj, struct refcost_worker *w)
{
	active_put(active_state(obj));
}

static __always_inline struct refcost_object *find_get_active_ref(u32 id, struct refcost_worker *w)
{
	struct refcost_object *obj;

	spin_lock(&refcost_registry.lock);
	obj = refcost_find(id);
	if (obj && !get_active_ref(obj, w))
		obj = NULL;
	spin_unlock(&refcost_registry.lock);
	return obj;
}

static __always_inline void find_put_active_ref(struct refcost_object *obj,
						struct refcost_worker *w)
{
	put_active_ref(obj, w);
}

REFCOST_LOOP_GETPUT(active_ref)
REFCOST_LOOP_LOOKUP(active_ref)

static int active_ref_bind(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	u32 i;

	refcost_for_each_object(owner, i, obj)
		active_init(active_state(obj));
	return 0;
}

static s64 active_ref_balance(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	s64 sum = 0;
	u32 i;

	refcost_for_each_object(owner, i, obj)
		sum += abs(atomic_read(&active_state(obj)->active));
	return sum;
}

static const void *active_ref_counter(struct refcost_worker *w)
{
	return &active_state(w->draws[0])->active;
}

static int active_ref_gate(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	u32 i;

	spinlist_unlink(owner);
	refcost_for_each_object(owner, i, obj)
		active_drain(active_state(obj));
	return 0;
}

static void active_ref_ungate(struct refcost_owner *owner)
{
	active_ref_bind(owner);
	spinlist_link(owner);
}

REFCOST_OBJECT_SCHEME(active_ref, GATE, struct active_ref, release,
		      "calls in flight, cut off by a bias",
		      "Tejun Heo, Apr 2007; sysfs 2.6.23, kernfs",
		      "gate cuts off new users, waits for calls in flight",
		      REFCOST_SCHEME_LOOPS(active_ref), .bind = active_ref_bind,
		      .balance = active_ref_balance, .counter = active_ref_counter,
		      .gate = active_ref_gate, .ungate = active_ref_ungate,
		      .unlink = spinlist_unlink);

REFCOST_REPORT(active_ref, "core", "");
